"""``gnomon import``: recordings made of crontabs, schedule files and histories."""

import json
from pathlib import Path

import pytest

from gnomon.specs.cli.console import MOST_LINES
from gnomon.specs.recording import files
from gnomon.specs.recording.jobs_file import read_jobs
from gnomon.specs.render.strings import LONGEST_LINE
from tests.support.command import Command, faults

CRONTAB = """\
# m h dom mon dow user command
CRON_TZ=Europe/Warsaw
17 *	* * *	root	cd / && run-parts --report /etc/cron.hourly
25 6	* * *	root	test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily
@reboot	root	/usr/local/bin/hello
61 0 * * *	root	/usr/local/bin/never
"""


def test_a_crontab_becomes_a_recording_that_replays(run: Command, tmp_path: Path) -> None:
    crontab, out = tmp_path / "crontab", tmp_path / "out.toml"
    crontab.write_text(CRONTAB)
    result = run("import", "crontab", crontab, "--out", out, "--from", "2026-01-05T00:00:00Z")
    assert result.code == 0 and result.out == ""
    reboot, never, zone, total, advice = result.err.splitlines()
    assert reboot.startswith("not imported: line 5: @reboot root …: @reboot names no instant")
    assert "line 6" in never and "'61' is not allowed" in never
    assert zone.startswith("remark: line 2: CRON_TZ=…: ") and "Europe/Warsaw" in zone
    assert total == f"2 jobs imported, 2 lines not; written to {out}"
    assert "set the durations of the services" in advice
    imported = files.load(str(out))
    assert [job.definition.timezone for job in imported.jobs] == ["Europe/Warsaw"] * 2
    assert run("replay", out, "--json").json["occurrences"] == 25
    printed = run("import", "crontab", crontab, "--from", "2026-01-05T00:00:00Z")
    assert files.parse(printed.out.encode()) == imported
    told = run("import", "crontab", crontab, "--from", "2026-01-05T00:00:00Z", "--json").json
    assert [problem["line"] for problem in told["not_imported"]] == [5, 6]
    assert [remark["line"] for remark in told["remarks"]] == [2]


def test_a_crontab_becomes_a_file_of_jobs(run: Command, tmp_path: Path) -> None:
    crontab, out = tmp_path / "crontab", tmp_path / "jobs.toml"
    crontab.write_text(CRONTAB)
    result = run("import", "crontab", crontab, "--jobs", "--out", out)
    assert (result.code, result.out) == (0, "")
    assert "deploy such services" in result.err and "durations" not in result.err
    jobs = read_jobs(out.read_bytes(), lambda _: 7)
    assert [(job.cron_definition, job.start_date) for job, _ in jobs] == [
        ("17 * * * *", 7), ("25 6 * * *", 7),
    ]  # fmt: skip
    assert all(job.service == job.name and job.timezone == "Europe/Warsaw" for job, _ in jobs)
    assert run("import", "crontab", crontab, "--jobs").out == out.read_text()
    told = run("import", "crontab", crontab, "--jobs", "--json").json
    assert [job["name"] for job in told["jobs"]] == [job.name for job, _ in jobs]
    assert [problem["line"] for problem in told["not_imported"]] == [5, 6]


def test_a_crontab_of_a_user(run: Command, tmp_path: Path) -> None:
    crontab = tmp_path / "crontab"
    crontab.write_text("@daily backup /srv\n")
    (fault,) = faults(run("import", "crontab", crontab))
    assert "--system" in fault and "--user" in fault
    result = run("import", "crontab", crontab, "--user")
    assert files.parse(result.out.encode()).jobs[0].definition.extra == "backup /srv"
    result = run("import", "crontab", crontab, "--system")
    assert files.parse(result.out.encode()).jobs[0].definition.extra == "/srv"


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("", []),
        ("# nothing yet\nMAILTO=root\n", []),
        ("@reboot root /bin/true\n61 * * * * root /bin/true\n", ["line 1: @reboot", "line 2: min"]),
        ("Dear Sir,\n", ["line 1: "]),
    ],
)
def test_a_crontab_without_jobs(
    run: Command, tmp_path: Path, text: str, reasons: list[str]
) -> None:
    crontab = tmp_path / "crontab"
    crontab.write_text(text)
    *told, last = faults(run("import", "crontab", crontab, "--out", tmp_path / "out.toml"))
    assert last == f"gnomon: {crontab}: it has no job that can be imported"
    for line, reason in zip(told, reasons, strict=True):
        assert line.startswith(f"gnomon: {crontab}: {reason}")
    assert not (tmp_path / "out.toml").exists()


def test_a_crontab_of_noise_does_not_come_back_as_noise(run: Command, tmp_path: Path) -> None:
    crontab = tmp_path / "crontab"
    noise = "".join(f"\x1b[31m * * * {number:0>2000}\n" for number in range(1_000))
    crontab.write_text(f"@daily /bin/true\n{noise}@daily echo {'x' * 500_001}\n")
    result = run("import", "crontab", crontab, "--user")
    assert len(files.parse(result.out.encode()).jobs) == 1
    lines = result.err.splitlines()
    assert len(lines) == MOST_LINES + 3
    assert lines[MOST_LINES] == "… and 951 more"
    assert lines[MOST_LINES + 1] == "1 job imported, 1001 lines not"
    assert all(line.isprintable() and len(line) <= LONGEST_LINE + 3 for line in lines)
    told = run("import", "crontab", crontab, "--user", "--json").json["not_imported"]
    assert len(told) == 1_001
    assert told[-1]["reason"] == "its command has more than 500000 bytes: move it to a script"


def test_what_is_imported_does_not_take_the_place_of_its_source(
    run: Command, tmp_path: Path
) -> None:
    crontab, older = tmp_path / "crontab", tmp_path / "older.toml"
    crontab.write_text(CRONTAB)
    (fault,) = faults(run("import", "crontab", crontab, "--out", crontab))
    assert fault == f"gnomon: {crontab}: it is the input of this command; write to another file"
    assert crontab.read_text() == CRONTAB
    older.write_text("an older one")
    assert run("import", "crontab", crontab, "--out", older).code == 0
    assert len(files.load(str(older)).jobs) == 2
    (fault,) = faults(run("import", "crontab", crontab, "--out", tmp_path / "no" / "out.toml"))
    assert "cannot be written: No such file or directory" in fault
    assert sorted(tmp_path.iterdir()) == [crontab, older]


def test_a_file_that_is_too_large(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"x" * 50_000_000)
    for words in (["replay"], ["import", "crontab"], ["import", "schedule"]):
        (fault,) = faults(run(*words, file))
        assert "too large" in fault


def test_a_schedule_becomes_a_recording(run: Command, tmp_path: Path) -> None:
    schedule = tmp_path / "schedule.json"
    jobs = [{"name": "ping", "every_seconds": 5400}, {"name": "digest", "cron": "0 8 * * MON"}]
    document = {"source": "us", "retrieved_version": "1", "note": "", "jobs": jobs}
    schedule.write_text(json.dumps(document))
    start = "2026-01-05T00:07:00Z"
    result = run("import", "schedule", schedule, "--from", start, "--duration", "3s")
    imported = files.parse(result.out.encode())
    assert [job.definition.start_date for job in imported.jobs] == [imported.start] * 2
    schedule.write_text(json.dumps(document | {"jobs": [{"name": "x", "cron": "61 * * * *"}]}))
    assert "job 1" in faults(run("import", "schedule", schedule))[0]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (["--from", "now"], "--from"),
        (["--from", "2026-01-05T00:00:00Z", "--until", "2026-01-04T00:00:00Z"], "--until"),
        (["--duration", "long"], "--duration"),
        (["--duration", "1000001d"], "--duration"),
        (["--from", "9999-12-31T23:59:59.999999Z"], "--until"),
        (["--timezone", "Nowhere"], "--timezone"),
    ],
)
def test_import_options_that_make_no_sense(
    run: Command, tmp_path: Path, options: list[str], place: str
) -> None:
    crontab = tmp_path / "crontab"
    crontab.write_text(CRONTAB)
    assert place in faults(run("import", "crontab", crontab, *options))[0]


def test_an_anacrontab_and_bytes_of_latin_1(run: Command, tmp_path: Path) -> None:
    file, out = tmp_path / "anacrontab", tmp_path / "out.toml"
    file.write_bytes(b"# caf\xe9\nSHELL=/bin/sh\nHOME=/\nDELAY=5\n1 5 cron.daily x --key U2Ny\n")
    result = run("import", "crontab", file, "--out", out)
    assert result.code == 0 and "U2Ny" not in result.err
    delay, latin, environment, total, _ = result.err.splitlines()
    assert delay.startswith("not imported: line 4: DELAY=…: ")
    assert latin == "remark: line 1: # …: it is not UTF-8, and was read as Latin-1"
    assert environment.startswith("remark: lines 2, 3: each: it is the environment")
    assert total == f"1 job imported, 1 line not; written to {out}"
    (job,) = files.load(str(out)).jobs
    assert (job.id, job.definition.job_type) == ("cron.daily", "interval_based")


def test_import_of_what_is_no_text(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "noise"
    file.write_bytes(b"\xff\xfe\x00")
    assert "UTF-16" in faults(run("import", "crontab", file))[0]
    assert "cannot be read" in faults(run("import", "crontab", tmp_path))[0]
