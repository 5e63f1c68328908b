"""The promise that no line of a crontab is lost, and that no argument of a command is quoted."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from gnomon.reference.jobs import read
from gnomon.specs.importers.contents import Crontab, Problem, Remark, UndecidedError
from gnomon.specs.importers.crontab import read_crontab
from gnomon.specs.importers.program_names import LONGEST_NAME

ANY_JOB = {"job_type": "cron_style", "service": "s", "start_date": "2026-01-01T00:00:00Z"}


def accounted_for(text: str, crontab: Crontab) -> None:
    """Every line is a job, a problem or a remark, unless it is blank or a comment."""
    lines = re.split("\r\n|\r|\n", text.removeprefix("\ufeff"))
    listed = [line.number for line in crontab.lines] + [p.number for p in crontab.problems]
    assert len(listed) == len(set(listed))
    reported = {*listed, *(remark.number for remark in crontab.remarks)}
    for number, line in enumerate(lines, start=1):
        is_silent = not line.strip(" \t") or line.strip(" \t").startswith("#")
        assert number in reported or is_silent
        assert not (is_silent and number in listed)
    texts: list[Problem | Remark] = [*crontab.problems, *crontab.remarks]
    for reported_line in texts:
        assert reported_line.text
        assert reported_line.reason
    names = [line.name for line in crontab.lines]
    assert len(names) == len(set(names))
    for job in crontab.lines:
        assert lines[job.number - 1].strip(" \t").endswith(job.command)
        assert 0 < len(job.name) <= LONGEST_NAME
        if job.interval is None:
            read(ANY_JOB | {"name": job.name, "cron_definition": job.cron_definition})
        else:
            interval = {"job_type": "interval_based", "seconds": job.interval.seconds}
            read(ANY_JOB | interval | {"name": job.name})


PIECES = st.sampled_from(
    [
        *("@every", "5m", "1", "45", "cron.daily", "@monthly", "-n", "TZ=", "DELAY=", "L", "FRI#2"),
        *("*", "*/5", "0", "7", "1-5", "MON", "0~9", "@daily", "@reboot", "-", "?", "60"),
        *("root", "cd", "/usr/bin/x", "-q", "&&", "|", ">", "$(", '"', "'", "\\%", "%", "sleep"),
        *(
            "CRON_TZ=",
            "UTC",
            "Asia/Tokyo",
            "MAILTO",
            "=",
            "#",
            "x" * 61,
            "\u00a0",
            "\x0c",
            "\ud800",
        ),
    ]
)
GOOD = st.sampled_from(["0 5 * * * ", "@daily ", "*/10\t7-19 * * 1-5\t"])
LINES = st.one_of(
    st.text(max_size=30),
    st.lists(PIECES, max_size=12).map(" ".join),
    st.tuples(GOOD, st.lists(PIECES, max_size=6).map(" ".join)).map("".join),
)


@given(
    st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"])).map("".join)).map("".join),
    st.sampled_from([True, False, None]),
)
@example("\ufeff# a", True)
@example("A\u00a0=", True)
@example("0 5 * * * '\r\n0 5 * * * \"", False)
def test_no_line_is_lost(text: str, system: bool | None) -> None:
    try:
        crontab = read_crontab(text, system=system)
    except UndecidedError:
        assert system is None
        return
    accounted_for(text, crontab)


@given(st.text(), st.booleans())
def test_any_text_is_read(text: str, system: bool) -> None:
    accounted_for(text, read_crontab(text, system=system))


@given(st.binary(), st.booleans())
@example(b"# journali\xe9\r@daily x\n\xff", False)
def test_any_bytes_are_read(data: bytes, system: bool) -> None:
    crontab = read_crontab(data, system=system)
    accounted_for(crontab_text(data), crontab)


def crontab_text(data: bytes) -> str:
    lines = re.split(rb"(?<=\n)|(?<=\r)(?!\n)", data)
    return "".join(decoded(line) for line in lines)


def decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


# --- no argument of a command is quoted

ARGUMENT = "U2NyaXB0"
SCHEDULES = st.sampled_from(
    [
        *("0 5 * * *", "61 * * * *", "@daily", "@every 5m", "@every 5", "@reboot", "@fortnightly"),
        *("0 0 L * *", "0 0 * * FRI#2", "0~9 * * * *", "0 0 12 * * ?", "*/5 * * * * *", "0 5 * *"),
        *("0/5 * * * *", "0 0 */2 * 1", "1 5 cron.daily", "@monthly 45 id", "-0 5 * * *", "", "5"),
        *("0 22-6 * * *", "0 0 30 2 *", "DELAY=", "RANDOM_DELAY =", "MAILTO="),
    ]
)
USERS = st.sampled_from(["", "root", "root -n", "-q", "alice"])
COMMANDS = st.sampled_from(
    [
        *("/p/fbps.js --password {}", "MYSQL_PWD={} mysqldump -p{} shop", "timeout 25 x {} 2"),
        *("flock -n /tmp/x.lock curl -u me:{} https://{}@host/", "nice -n 19 ionice x {}"),
        *("PW='my {} x' run.sh {}", 'PW="$(echo "a {} b" | base64 {})" run.sh', "x -- {}"),
        *("echo {} | sudo -S apt update", "PW=`echo {}` x", "sudo -X {} x", "nice --to {} x"),
        *("bash -c 'x {}'", "php -d {} x.php", "python3 -c {}", "cat <<< {} | x", "x <({} | y {})"),
        *("mail -s x me@host%{}%{}", "sleep 30; x {}", "sleep $((RANDOM % 60)) && x {}"),
        *("[ $(date +\\%d) -le 7 ] && x {}", "while true; do x {}; sleep 5; done", "--pw {}"),
        *(
            "cd '/srv/{} x' && x",
            "/srv/my\\ {} x/run",
            'x "unbalanced {} y',
            "case a in {}) x;; esac",
        ),
    ]
)


@given(st.lists(st.tuples(SCHEDULES, USERS, COMMANDS)), st.sampled_from([True, False, None]))
def test_no_argument_is_quoted(parts: list[tuple[str, str, str]], system: bool | None) -> None:
    lines = [" ".join(part).replace("{}", ARGUMENT) for part in parts]
    try:
        crontab = read_crontab("\n".join(lines), system=system)
        names = [line.name for line in crontab.lines]
        printed = str((crontab.problems, crontab.remarks, names))
    except UndecidedError as error:
        printed = str(error)
    assert ARGUMENT not in printed
