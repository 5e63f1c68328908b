"""The runner and the verdicts, proved on fakes that each do one thing wrong."""

import sys
from pathlib import Path

import pytest

from gnomon.specs.conformance.dialects.knobs import DEFAULT, dialect_of
from gnomon.specs.conformance.judging import Result, by_rule, judge, observation, worst
from gnomon.specs.conformance.process import AdapterFault, AdapterProcess, Failure
from gnomon.specs.conformance.runner import Limits, Run, later_questions, run, smoke
from gnomon.specs.vectors.next_cases import read_cases
from tests.specs.conformance import fakes
from tests.specs.conformance.questions import a_case, a_single, an_interval

LIMITS = Limits(reply=1.5)


def command(*words: str) -> list[str]:
    return [sys.executable, fakes.__file__, *words]


CASES = (
    a_case("*/15 * * * *"),
    a_case(fakes.SPECIAL),
    a_case("0 0 * * *", id="FIRE-4/test/3"),
    a_case("60 * * * *", rule="JOB-4", id="JOB-4/test/1"),
    a_case(
        "30 2 * * *",
        "America/New_York",
        "2024-03-09T12:00:00Z",
        rule="FIRE-5",
        id="FIRE-5/test/1",
    ),
)


OTHERS = (
    an_interval(90, "2026-01-05T00:00:07Z"),
    a_single("2026-01-05T00:01:07Z"),
    a_single("2026-01-04T00:01:07Z"),
)


def results(found: Run, **profile: str) -> list[Result]:
    dialect = dialect_of(found.introduction.profile | profile)
    return [result for seen in found.seen for result in judge(seen, dialect, found.introduction)]


def broken(fake: str, **profile: str) -> dict[str, str]:
    """The rules that a fake breaks, with what was seen in the first case of each."""
    found = results(run(command(fake), CASES + OTHERS, limits=LIMITS), **profile)
    bad = [one for one in found if one.verdict in ("broken", "declared but not so")]
    return {one.rule: one.seen for one in reversed(bad)}


def test_the_right_fake_holds() -> None:
    assert broken("right") == {}


@pytest.mark.parametrize(
    ("fake", "rule", "seen"),
    [
        ("late_interval", "FIRE-2", "2026-01-05T00:01:38Z, 2026-01-05T00:03:08Z, "),
        ("late_once", "FIRE-1", "2026-01-05T00:01:08Z"),
        ("hangs", "FIRE-4", "hang: no reply within 1.5 s"),
        ("late", "FIRE-4", "hang: no reply within 1.5 s"),
        ("crashes", "FIRE-4", "crash: the process ended with status 3: the disk is full"),
        ("killed", "FIRE-4", "crash: the process ended with signal SIGKILL"),
        ("two_answers", "FIRE-4", "garbage: a reply has exactly one of instants, refused, "),
        ("wrong_seq", "FIRE-4", "garbage: the reply has seq 999; asked was "),
        ("no_instant", "FIRE-4", "garbage: Instants: Expected `str` matching regex "),
        ("raises", "FIRE-4", "error: IndexError: list index"),
        ("lax", "JOB-4", "never"),
        ("early", "FIRE-4", "2026-02-01T06:29:00Z, "),
        ("skips_gap", "FIRE-5", "2024-03-11T06:30:00Z, "),
        ("forgets", "META-1", "asked at 2026-01-05T00:14:59Z: 2026-01-05T00:30:00Z"),
        ("local", "META-2", "TZ=UTC: 2026-02-01T06:30:00Z, "),
    ],
)
def test_a_fake_breaks_one_rule_and_no_other(fake: str, rule: str, seen: str) -> None:
    found = broken(fake)
    assert list(found) == [rule]
    assert found[rule].startswith(seen)


def test_the_case_after_a_failure_gets_a_fresh_process() -> None:
    process = AdapterProcess(command("crashes"), "UTC", time_limit=5)
    for _ in range(2):
        assert isinstance(process.ask(a_case(fakes.SPECIAL)), Failure)
        answer = process.ask(a_case("0 0 * * *", count=1))
        assert observation(answer) == "2026-01-06T00:00:00Z"
    assert process.starts == 3
    process.close()


def test_an_adapter_that_knows_cron_alone_is_not_asked_about_others(tmp_path: Path) -> None:
    """An older one would look for `cron`, and might answer about nothing."""
    found = run(command("older"), CASES + OTHERS, keep=tmp_path)
    verdicts = {(one.rule, one.verdict) for one in results(found)}
    assert {one for one in verdicts if one[0] in ("FIRE-1", "FIRE-2")} == {
        ("FIRE-1", "not observable"),
        ("FIRE-2", "not observable"),
    }
    assert not any(verdict == "broken" for _, verdict in verdicts)
    lines = [line for file in tmp_path.iterdir() for line in file.read_text().splitlines()]
    sent = [line for line in lines if line.startswith('> {"do":"next"')]
    assert sent and all('"cron"' in line for line in sent)


def test_noise_is_noticed_and_named() -> None:
    found = run(command("noisy"), CASES, limits=LIMITS)
    assert found.noise == ["DeprecationWarning: <clocks>"]
    assert not [one for one in results(found) if one.verdict != "holds" and one.rule != "META-1"]


def test_unsupported_and_a_horizon_are_not_faults() -> None:
    found = {(one.rule, one.case): one.verdict for one in results(run(command("partial"), CASES))}
    assert found["FIRE-4", "FIRE-4/test/*/15 * * * *"] == "holds"
    assert found["FIRE-4", "FIRE-4/test/3"] == "holds"
    assert found["FIRE-4", f"FIRE-4/test/{fakes.SPECIAL}"] == "not exercised"
    assert found["FIRE-5", "FIRE-5/test/1"] == "not observable"
    assert found["JOB-4", "JOB-4/test/1"] == "holds"


def test_a_declared_difference_is_none() -> None:
    found = run(command("skips_gap", '{"gap": "skipped"}'), CASES)
    verdicts = {one.verdict for one in results(found) if one.rule == "FIRE-5"}
    assert verdicts == {"differs as declared"}


def test_a_declaration_that_is_wrong_is_reported() -> None:
    found = run(command("right", '{"gap": "skipped"}'), CASES)
    verdicts = [one for one in results(found) if one.rule == "FIRE-5"]
    assert [one.verdict for one in verdicts] == ["declared but not so"]
    assert verdicts[0].is_suspect


def test_a_known_difference_is_no_suspect() -> None:
    known = a_case(fakes.SPECIAL, id="FIRE-4/known/1")
    (found, *_) = results(run(command("early"), [known, CASES[0]]))
    assert (found.verdict, found.url, found.is_suspect) == (
        "broken",
        "https://example.org/1",
        False,
    )


def test_a_rule_has_the_worst_verdict_of_its_cases() -> None:
    counts = by_rule(results(run(command("early"), CASES)))
    assert worst(counts["FIRE-4"]) == "broken" and counts["FIRE-4"]["holds"] == 2
    assert worst(counts["JOB-4"]) == "holds"


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["all_wrong"], "not one of 5 cases has an answer; the first: error: ImportError"),
        (["newer"], "the adapter speaks protocol 2; this runner speaks 1"),
        (["silent"], "hang at hello: no reply within 0.5 s"),
        (["lost", "{"], "crash at hello: the process ended with status 1: "),
    ],
)
def test_an_adapter_at_fault(words: list[str], fault: str) -> None:
    start = 0.5 if words == ["silent"] else 60
    with pytest.raises(AdapterFault, match=fault):
        run(command(*words), CASES, limits=Limits(1.5, start))


def test_a_command_that_does_not_exist() -> None:
    with pytest.raises(AdapterFault, match="/no/such: No such file or directory"):
        run(["/no/such"], CASES)


def test_a_file_that_is_not_executable(tmp_path: Path) -> None:
    file = tmp_path / "my_adapter"
    file.write_text("#!/bin/sh\n")
    with pytest.raises(AdapterFault, match=r"Permission denied; make it executable, or let its"):
        run([str(file)], CASES)


def test_the_smoke_test() -> None:
    assert smoke(command("right")) == []
    (fault,) = smoke(command("early"))
    assert "'30 6 1 * *' after 2026-01-05T00:00:00Z: expected 2026-02-01T06:30:00Z" in fault


def test_transcripts_are_kept(tmp_path: Path) -> None:
    run(command("right"), CASES[:1], keep=tmp_path)
    lines = (tmp_path / "UTC-0.txt").read_text().splitlines()
    assert lines[0] == '> {"do":"hello","seq":1,"protocol":1}'
    assert lines[-1].startswith('> {"do":"bye"')
    assert (tmp_path / "America-St_Johns-0.txt").exists()


def test_later_questions_lie_around_a_change_of_offset() -> None:
    gap = a_case("30 3 * * *", "America/New_York", "2024-03-10T06:00:00Z")
    assert gap.instants[0] == "2024-03-10T07:30:00Z"
    asked = later_questions(gap, gap.instants[0])
    assert asked == [
        "2024-03-10T06:45:00Z",
        "2024-03-10T07:00:00Z",
        "2024-03-10T07:10:00Z",
        "2024-03-10T07:29:59Z",
    ]


@pytest.mark.parametrize("fake", ["right"])
def test_the_dialect_holds_in_every_case(fake: str) -> None:
    """The model at its defaults, as an adapter, gives the answers of the reference."""
    found = run(command(fake), read_cases())
    assert [
        one
        for seen in found.seen
        for one in judge(seen, DEFAULT, found.introduction)
        if one.is_suspect
    ] == []
