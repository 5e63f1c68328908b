"""What a crontab has and a recording cannot express: listed, with the nearest equivalent."""

import re
from time import perf_counter

import pytest

from gnomon.specs.importers.contents import Interval
from gnomon.specs.importers.crontab import read_crontab
from gnomon.specs.importers.nearest import is_accepted, without_fields, without_signs


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("@reboot x", "the nearest is a one-time job"),
        ("0 22-6 * * * x", "write 22-23,0-6"),
        ("0/5 * * * * x", "write 0-59/5"),
        ("0 0 12 * * ? x", "due at second 0; the nearest is 0 12 * * *"),
        ("*/10 * * * * * x", "the nearest is an interval job, 'every 10s'"),
        ("* * * * * * x", "the nearest is an interval job, 'every 1s'"),
        ("*/10 * 9 * * * x", "a cron job has no seconds; the nearest is * 9 * * *"),
        ("0 0 12 ? * 2-6 x", "the nearest is 0 12 * * 2-6 (in Quartz weekday 1 is Sunday)"),
        ("0 0 12 ? * 6L x", "service tests that it is the last (in Quartz weekday 1 is Sunday)"),
        ("0 12 1 1 * 2026 x", "ends = 2027-01-01T00:00:00Z; the nearest is 0 12 1 1 *"),
        ("0 0 12 1 1 ? 2026 x", "ends = 2027-01-01T00:00:00Z; the nearest is 0 12 1 1 *"),
        ("0 0 12 L * ? x", "the nearest is 0 12 28-31 * *, and"),
        ("0 0 L * * x", "the nearest is 0 0 28-31 * *, and the service tests that 0 days"),
        ("0 0 L-2 * * x", "the nearest is 0 0 26-29 * *, and the service tests that 2 days"),
        ("0 0 LW * * x", "the nearest is 0 0 26-31 * *"),
        ("0 0 15W * ? x", "the nearest is 0 0 13-17 * *"),
        ("0 0 1W * * x", "the nearest is 0 0 1-3 * *"),
        ("0 0 * * 5#3 x", "the nearest is 0 0 * * 5, and the service tests that the day of the"),
        ("0 0 * * MON#1,MON#3 x", "the nearest is 0 0 * * MON, and the service"),
        ("0 0 ? * friL x", "the nearest is 0 0 * * FRI, and"),
        ("5~10 * * * * x", "the nearest is 5 * * * *"),
        ("~ ~ * * * x", "the nearest is 0 0 * * *"),
        ("H H(2-4) * * * x", "the nearest is 0 2 * * *"),
        ("H/15 * * * * x", "the nearest is */15 * * * *"),
        ("H(0-29)/10 * * * * x", "the nearest is 0-29/10 * * * *"),
        ("@every 500ms x", "'every 1s' or longer"),
        ("@600 x", "an interval job, 'every 600s', which counts from its start"),
        ("@daily * x", "@daily stands for five fields"),
        ("RANDOM_DELAY=45", "a random delay"),
        ("DELAY=5", "add it to their minutes"),
        ("START_HOURS_RANGE=3-22", "write them into the hours"),
        ("FREQ=daily", "write it into each schedule"),
        ("PERSISTENT=true", "the misfire policy"),
        ("CRON_SPLAY=5", "CRON_SPLAY may change when the lines after it are due"),
        ("SCHEDULE_TZ=UTC", "may change when"),
        ("    --exclude U2Ny --password x y \\", "does not begin with a schedule"),
    ],
)
def test_the_nearest_equivalent_is_named(line: str, advice: str) -> None:
    crontab = read_crontab(line, system=False)
    assert crontab.lines == ()
    (problem,) = crontab.problems
    assert advice in problem.reason


@pytest.mark.parametrize(
    "fields",
    ["0 0 30W 2 *", "0 0 L 1 ?", "75~80 * * * *", "0 0 * * 9#2", "H/0 * * * *", "0 0 L * 5L"],
)
def test_a_nearest_definition_is_accepted(fields: str) -> None:
    for advice in (without_signs(fields.split()), without_fields(["0", *fields.split()])):
        nearest = re.search(r"the nearest is (\S+ \S+ \S+ \S+ [^ ,;]+)", advice)
        assert nearest is None or is_accepted(nearest[1])


@pytest.mark.parametrize(
    "line",
    [
        "0 5 * * * " + 50_000 * "sleep ",
        "0 5 * * * " + 50_000 * "[ date ",
        "0 5 * * * " + 50_000 * "if ",
        "0 5 * * * " + 50_000 * "nice -n 1 ",
        "0 5 * * * " + 50_000 * '$(`"(',
        *(f"0 5 * * {50_000 * word}!" for word in ("MAY", "1", "LW", "*/")),
        *(f"{50_000 * word}!=" for word in ("_DELAY", "1", "A_")),
        f"1 5 {200_000 * '1'}! x",
    ],
)
def test_long_lines_are_read_in_little_time(line: str) -> None:
    started = perf_counter()
    for system in (True, False):
        read_crontab(line, system=system)
    assert perf_counter() - started < 10


def test_every_is_an_interval_job() -> None:
    crontab = read_crontab("@every 1h30m /usr/bin/x\n@every_second x\n@every_minute x")
    assert crontab.problems == ()
    assert [(line.cron_definition, line.interval) for line in crontab.lines] == [
        ("", Interval(5400)),
        ("", Interval(1)),
        ("* * * * *", None),
    ]


@pytest.mark.parametrize(
    ("command", "remark"),
    [
        ("sleep 30; x", "sleeps for 30 s"),
        ("sleep 1m && x", "sleeps for 60 s"),
        ("while true; do x; sleep 5; done", "an interval job, 'every 5s'"),
        ("for i in 1 2 3; do x; sleep 20; done", "an interval job, 'every 20s'"),
        ("perl -e 'sleep int(rand(43200))' && certbot renew", "sleeps for a random time"),
        ("sleep $((RANDOM \\% 60)); x", "sleeps for a random time"),
        ("flock -n /tmp/x.lock x", "runs that would overlap are not started"),
        ("flock -xn /tmp/x.lock x", "runs that would overlap are not started"),
        ("flock --nonblock /tmp/x.lock x", "runs that would overlap are not started"),
        ("run-one x", "runs that would overlap are not started"),
        ("-ns /usr/bin/x", "runs that would overlap are not started"),
        ("flock /tmp/x.lock x", "runs wait for a lock"),
        ('[ "$(date +\\%d)" -le 7 ] && x', "tests the date"),
        ("test $(date -d tomorrow +\\%d) = 01 && x", "tests the date"),
        ("[ $(date +\\%s) -lt 1790000000 ] && x", "ends = 2026-09-21T14:13:20Z"),
        ("[ $(date -u +\\%s) -le 1790000000 ] && x", "ends = 2026-09-21T14:13:21Z"),
        ('[ "$(date +\\%Y\\%m\\%d)" -lt "20270101" ] && x', "ends = 2027-01-01T00:00:00Z"),
        ("test `date +\\%Y\\%m\\%d` -le 20261231 && x", "ends = 2027-01-01T00:00:00Z"),
        ("[ $(date +\\%Y\\%m\\%d) -le 20261331 ] && x", "an end date is `ends`"),
        ("[ $(date +\\%s) -lt 99999999999999 ] && x", "an end date is `ends`"),
    ],
)
def test_a_command_that_changes_its_schedule_has_a_remark(command: str, remark: str) -> None:
    crontab = read_crontab(f"0 5 * * * {command}", system=False)
    assert len(crontab.lines) == 1
    assert [remark in reported.reason for reported in crontab.remarks] == [True]


@pytest.mark.parametrize("command", ["x", "date +x", "backup-date /srv", "x > $(date +\\%d).log"])
def test_a_usual_command_has_no_remark(command: str) -> None:
    assert read_crontab(f"0 5 * * * {command}", system=False).remarks == ()


def test_assignments_are_reported() -> None:
    crontab = read_crontab("MAILTO=me\nPASSWORD=U2Ny\nTZ=UTC\nCRON_TZ=Europe/Warsaw\n")
    assert [(remark.number, remark.text) for remark in crontab.remarks] == [
        *((1, "MAILTO=…"), (2, "PASSWORD=…"), (3, "TZ=…"), (4, "CRON_TZ=…")),
    ]
    assert "write CRON_TZ" in crontab.remarks[2].reason
    assert "Europe/Warsaw" in crontab.remarks[3].reason


def test_bytes_that_are_not_utf_8_refuse_no_file() -> None:
    comment = b"# journali\xe9\n0 5 * * * /usr/bin/backup\n0 6 * * * /usr/bin/sync /caf\xe9\n"
    crontab = read_crontab(comment)
    assert [line.command for line in crontab.lines] == ["/usr/bin/backup", "/usr/bin/sync /café"]
    assert [remark[:2] for remark in crontab.remarks] == [
        (1, "# …"),
        (3, "0 6 * * * /usr/bin/sync …"),
    ]
    assert {remark.reason for remark in crontab.remarks} == {
        "it is not UTF-8, and was read as Latin-1"
    }


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        (
            "0 9 1 6 * 2026",
            "start_date = 2026-01-01T00:00:00Z and ends = 2027-01-01T00:00:00Z",
        ),
        ("0 0 9 1 6 ? 2026-2027", "ends = 2028-01-01T00:00:00Z"),
        ("0 9 1 6 * 2026/2", "the years 2026/2 are several jobs"),
        ("0 9 1 6 * 2026,2028", "the years 2026,2028 are several jobs"),
    ],
)
def test_a_year_is_a_start_and_an_end(fields: str, advice: str) -> None:
    assert advice in without_fields(fields.split())
