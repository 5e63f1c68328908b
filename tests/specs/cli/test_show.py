"""``gnomon show`` from end to end, and what it makes of bad input."""

import json
import re
from pathlib import Path

import pytest

from gnomon.reference.history import read, write
from gnomon.simulator.world.replay import replay
from gnomon.specs.notation.parser import read_example
from gnomon.specs.notation.renderer import render_history
from gnomon.specs.recording import files
from tests.reference.test_history import CREATED, HEADER, sealed
from tests.support.command import Command, broken_history, faults, started


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("show") / "changes.jsonl"
    with file.open("wb") as opened:
        write(replay(files.load("changes")), opened)
    return file


def shown(run: Command, *words: object) -> list[str]:
    """The lines of events: what is between the header and the end."""
    said = run("show", *words)
    assert said.code == 0 and said.err == ""
    header, *lines, end = said.out.splitlines()
    assert header.startswith("header ") and end.split()[1:] == ["end"]
    return lines


def test_show_prints_the_render_history(run: Command, changes: Path) -> None:
    said = run("show", changes)
    told = read(changes.read_bytes().splitlines(keepends=True))
    assert said == (0, "".join(f"{line}\n" for line in render_history(told)), "")


def test_show_of_a_job_by_its_name(run: Command, changes: Path, tmp_path: Path) -> None:
    """Also by one that it no longer has; a name that several jobs have had is not enough."""
    by_id = shown(run, changes, "--job", "job-1")
    for name in ("collect", "collect often"):
        assert shown(run, changes, "--job", name) == by_id
    (fault,) = faults(run("show", changes, "--job", "collect oftn"))
    assert "did you mean collect often?" in fault
    twice = tmp_path / "twice.jsonl"
    example = "0s job_created a name=x\n1s job_deleted a\n2s job_created b name=x\n3s end\n"
    with twice.open("wb") as opened:
        write(read_example(example), opened)
    (fault,) = faults(run("show", twice, "--job", "x"))
    assert fault.endswith("--job: jobs a, b have had the name 'x': give an id")


def test_show_judges_nothing(run: Command, tmp_path: Path) -> None:
    assert run("check", broken_history(tmp_path)).code == 1
    assert shown(run, broken_history(tmp_path))


def test_show_of_a_job_a_server_and_some_kinds(run: Command, changes: Path) -> None:
    for line in (lines := shown(run, changes, "--server", "s2")):
        assert re.search(r" s2(/\d)?( |$)|server=s2", line)
    edits = shown(run, changes, "--kind", "job_edited", "--kind", "job_rejected")
    assert {line.split()[1] for line in edits} == {"job_edited", "job_rejected"}
    of_job = shown(run, changes, "--job", "job-3")
    kinds = ["job_created", "published", "claimed", "job_deactivated", "started"]
    assert [line.split()[1] for line in of_job[:5]] == kinds
    assert shown(run, changes, "--server", "s2", "--job", "job-3") == [
        line for line in of_job if line in lines
    ]


@pytest.mark.parametrize(
    ("start", "until"),
    [("2h30m", "3h"), ("2026-01-05T08:30:00Z", "2026-01-05T09:00:00Z"), ("2h30m", "180m")],
)
def test_show_of_a_while(run: Command, changes: Path, start: str, until: str) -> None:
    lines = shown(run, changes, "--from", start, "--until", until)
    assert lines[0].split()[:3] == ["2h30m", "job_edited", "job-2"]
    assert lines == [line for line in shown(run, changes) if re.match(r"2h[345]\dm", line)]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--job", "job-22"], "--job: there is no such job; did you mean job-2? known are job-1, "),
        (["--job", ""], "--job: there is no such job; known are "),
        (["--server", "s11"], "--server: there is no such server; did you mean s1? known are "),
        (["--kind", "Published"], "--kind: there is no such kind of event; did you mean publish"),
        (["--kind", "published,claimed"], "--kind: there is no such kind of event; did you mean"),
        (["--from", "noon"], "--from: a time is written as in 20m, which counts from the start, o"),
        (["--until", "1.5h"], "--until: a time is written as in 20m"),
        (["--from", "1h", "--until", "1h"], "--until: it must be later than --from"),
    ],
)
def test_show_options_that_make_no_sense(
    run: Command, changes: Path, options: list[str], fault: str
) -> None:
    (said,) = faults(run("show", changes, *options))
    assert said.startswith(f"gnomon: {fault}")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "line 1: the file is empty"),
        (b"Dear Sir,\n", "line 1: a history begins with"),
        (b"\xff\xfe\x00\n" * 9, "line 1: a history begins with"),
        (HEADER + b"\n", "line 1: the history has no end line"),
        (sealed(HEADER, b"5"), "line 2: the event cannot be read"),
        (sealed(HEADER, CREATED % b"1").replace(b'"x":1', b'"x":2'), "line 3: the digest does not"),
    ],
)
def test_show_refuses_what_check_refuses(
    run: Command, tmp_path: Path, data: bytes, fault: str
) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(data)
    (said,) = faults(run("show", file))
    assert said.startswith(f"gnomon: {file}: {fault}")
    assert [said] == list(faults(run("check", file)))


def test_show_of_nothing(run: Command, tmp_path: Path) -> None:
    (said,) = faults(run("show", tmp_path / "none.jsonl"))
    assert said.endswith("cannot be read: No such file or directory")
    (said,) = faults(run("show", tmp_path))
    assert said.endswith("cannot be read: Is a directory")


@pytest.mark.parametrize("depth", [10, 500, 950, 965, 980, 100_000])
def test_show_of_what_is_nested_deep(run: Command, tmp_path: Path, depth: int) -> None:
    file = tmp_path / "deep.jsonl"
    file.write_bytes(sealed(HEADER, CREATED.replace(b"x", b"name") % (b"[" * depth + b"]" * depth)))
    said = run("show", file)
    assert "nested" in faults(said)[0] if said.code else "[[[" in said.out


def test_what_a_history_holds_cannot_reach_the_terminal(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "red.jsonl"
    file.write_bytes(sealed(HEADER, CREATED % rb'"\u001b[31m\n\u2028\u202e"'))
    (line,) = shown(run, file)
    assert line.endswith(
        r"""x='"\u001b[31m\n\u2028\u202e"' without=job_type,name,service,start_date"""
    )


def test_a_reader_that_has_seen_enough_is_no_error(changes: Path) -> None:
    process = started("show", changes)
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.wait() == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_pictures_are_written_to_files(run: Command, changes: Path, tmp_path: Path) -> None:
    html, svg, perfetto = (tmp_path / name for name in ("a.html", "a.svg", "a.json"))
    said = run("show", changes, "--html", html, "--svg", svg, "--perfetto", perfetto)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [f"picture written to {file}" for file in (html, svg, perfetto)]
    assert html.read_text().startswith("<!doctype html>")
    assert svg.read_text().startswith("<svg ")
    assert json.loads(perfetto.read_text())["traceEvents"]


def test_a_picture_of_a_part(run: Command, changes: Path, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.json", tmp_path / "part.json"
    assert run("show", changes, "--perfetto", whole).code == 0
    words = ("--job", "collect", "--from", "1m", "--until", "30m")
    assert run("show", changes, "--perfetto", part, *words).code == 0
    runs = {
        file: {
            e["args"]["job"] for e in json.loads(file.read_text())["traceEvents"] if "flow_in" in e
        }
        for file in (whole, part)
    }
    assert runs[part] == {"job-1"} < runs[whole]


def test_bad_input_for_a_picture(run: Command, changes: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.html"
    (fault,) = faults(run("show", changes, "--html", out, "--kind", "published"))
    assert "--kind: it selects lines of text" in fault
    (fault,) = faults(run("show", changes, "--html", out, "--svg", out))
    assert fault.endswith("--html, --svg: give each a file of its own")
    link = tmp_path / "link.svg"
    link.symlink_to(out)
    (fault,) = faults(run("show", changes, "--html", out, "--svg", link))
    assert fault.endswith("--html, --svg: give each a file of its own")
    (fault,) = faults(run("show", changes, "--html", tmp_path / "none" / "a.html"))
    assert "cannot be written" in fault
    beside = ("--from", "2099-01-01T00:00:00Z")
    (fault,) = faults(run("show", changes, "--svg", changes, *beside))
    assert "it is the input of this command" in fault, "that is known before anything is judged"
    (fault,) = faults(run("show", changes, "--html", out, *beside))
    assert "the history lies beside; it is from" in fault
    assert not out.exists()


def test_a_large_page_is_noted(
    run: Command, changes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("show", changes, "--html", tmp_path / "a.html")
    assert run(*words).err == ""
    monkeypatch.setattr("gnomon.specs.cli.show.LARGE_PAGE", 1_000)
    assert "--from, --until, --job and --server select a part" in run(*words).err
