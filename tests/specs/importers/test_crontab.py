"""Crontabs as they are found on machines, and the parts of their lines."""

import pytest

from gnomon.reference.schedule.words import cron_in_words
from gnomon.specs.importers.crontab import read_crontab
from gnomon.specs.importers.quoting import excerpt

ETC_CRONTAB = """\
# /etc/crontab: system-wide crontab
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

# Example of job definition:
# .---------------- minute (0 - 59)
# |  .------------- hour (0 - 23)
# *  *  *  *  * user-name command to be executed
17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )
47 6\t* * 7\troot\ttest -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.weekly )
52 6\t1 * *\troot\ttest -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.monthly )
#
"""

CRON_D = {
    "certbot": (
        "SHELL=/bin/sh\n"
        "0 */12 * * * root test -x /usr/bin/certbot -a \\! -d /run/systemd/system && "
        "perl -e 'sleep int(rand(43200))' && certbot -q renew --no-random-sleep-on-renew\n"
    ),
    "sysstat": (
        "# Activity reports every 10 minutes everyday\n"
        "5-55/10 * * * * root command -v debian-sa1 > /dev/null && debian-sa1 1 1\n"
        "# Additional run at 23:59 to rotate the statistics file\n"
        "59 23 * * * root command -v debian-sa1 > /dev/null && debian-sa1 60 2\n"
    ),
    "php": (
        "09,39 *     * * *     root   [ -x /usr/lib/php/sessionclean ] && "
        "if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi\n"
    ),
    "anacron": (
        "30 7-23 * * *   root\t[ -x /etc/init.d/anacron ] && "
        "if [ ! -d /run/systemd/system ]; then /usr/sbin/invoke-rc.d anacron start >/dev/null; fi\n"
    ),
    "e2scrub_all": (
        "30 3 * * 0 root test -e /run/systemd/system || "
        "SERVICE_MODE=1 /usr/lib/x86_64-linux-gnu/e2fsprogs/e2scrub_all_cron\n"
        "10 3 * * * root test -e /run/systemd/system || SERVICE_MODE=1 /sbin/e2scrub_all -A -r\n"
    ),
    "mdadm": (
        "57 0 * * 0 root if [ -x /usr/share/mdadm/checkarray ] && [ $(date +\\%d) -le 7 ]; "
        "then /usr/share/mdadm/checkarray --cron --all --idle --quiet; fi\n"
    ),
    "mailman": "0 8 * * * list [ -x /usr/bin/mailman ] && /usr/bin/mailman notify\n",
    "SUSE": (
        "-*/15 * * * *   root  test -x /usr/lib/cron/run-crons && "
        "/usr/lib/cron/run-crons >/dev/null 2>&1\n"
    ),
}
NAMES = {
    "certbot": ["certbot"],
    "sysstat": ["debian-sa1", "debian-sa1 2"],
    "php": ["sessionclean"],
    "anacron": ["invoke-rc.d"],
    "e2scrub_all": ["e2scrub_all_cron", "e2scrub_all"],
    "mdadm": ["checkarray"],
    "mailman": ["mailman"],
    "SUSE": ["run-crons"],
}

OF_A_USER = """\
# m h  dom mon dow   command
MAILTO=""
30 4 * * * $HOME/bin/backup.sh --full >> /var/log/backup.log 2>&1
CRON_TZ = "Europe/Warsaw"
TZ=Asia/Tokyo
*/15 9-17 * * mon-fri cd /srv/app && php artisan schedule:run >> /dev/null 2>&1
@midnight mail -s "It's 100\\% true" me@example.com%Dear me,%%all is well.
@reboot /usr/bin/syncthing
CRON_TZ=America/New_York
0 22 * * 1-5    flock -n /tmp/x.lock python3 -m reports.daily
5~10 * * * * /usr/bin/true
0 0 12 * * MON /usr/bin/quartz
"""


def only_reason(text: str, system: bool = False) -> str:
    crontab = read_crontab(text, system=system)
    assert crontab.lines == ()
    (problem,) = crontab.problems
    assert problem.text == excerpt(text)
    return problem.reason


# --- found on machines


def test_etc_crontab() -> None:
    crontab = read_crontab(ETC_CRONTAB)
    assert crontab.problems == ()
    assert [(line.number, line.name, line.cron_definition) for line in crontab.lines] == [
        (9, "cron.hourly", "17 * * * *"),
        (10, "cron.daily", "25 6 * * *"),
        (11, "cron.weekly", "47 6 * * 7"),
        (12, "cron.monthly", "52 6 1 * *"),
    ]
    assert {line.user for line in crontab.lines} == {"root"}
    assert crontab.lines[0].command == "cd / && run-parts --report /etc/cron.hourly"


@pytest.mark.parametrize("package", CRON_D)
def test_cron_d(package: str) -> None:
    crontab = read_crontab(CRON_D[package])
    assert crontab.problems == ()
    assert [line.name for line in crontab.lines] == NAMES[package]
    assert {line.user for line in crontab.lines} == {"list" if package == "mailman" else "root"}


def test_a_user_crontab() -> None:
    crontab = read_crontab(OF_A_USER, timezone="Europe/Lisbon")
    assert [line[:4] for line in crontab.lines] == [
        (3, "backup.sh", "30 4 * * *", "Europe/Lisbon"),
        (6, "artisan", "*/15 9-17 * * mon-fri", "Europe/Warsaw"),
        (7, "mail", "@daily", "Europe/Warsaw"),
        (10, "reports.daily", "0 22 * * 1-5", "America/New_York"),
    ]
    assert {line.user for line in crontab.lines} == {None}
    assert crontab.lines[2].command.endswith("me@example.com%Dear me,%%all is well.")
    assert [(problem.number, problem.reason.split(":")[0]) for problem in crontab.problems] == [
        (8, "@reboot names no instant"),
        (11, "~ draws a number at random"),
        (12, "6 fields; a cron definition has exactly five"),
    ]


def test_dos_line_ends_and_a_byte_order_mark() -> None:
    unix = read_crontab(ETC_CRONTAB)
    assert read_crontab("\ufeff" + ETC_CRONTAB.replace("\n", "\r\n")) == unix
    assert read_crontab(ETC_CRONTAB.replace("\n", "\r"), system=True) == unix


# --- the parts of a line


@pytest.mark.parametrize(
    ("line", "name", "cron_definition", "command"),
    [
        ("@hourly\tcat", "cat", "@hourly", "cat"),
        ("  \t-@Midnight\t x y", "x", "@daily", "x y"),
        ("1 2 3 4 5 (cd /x; ./go.sh)", "go.sh", "1 2 3 4 5", "(cd /x; ./go.sh)"),
        ("1 2 3 4 5 sleep 30; a/b", "b", "1 2 3 4 5", "sleep 30; a/b"),
        ("1 2 3 4 5 sleep 30", "sleep", "1 2 3 4 5", "sleep 30"),
        ("1 2 3 4 5 $($X)", "line 1", "1 2 3 4 5", "$($X)"),
        ('1 2 3 4 5 echo "a; b" | c', "echo", "1 2 3 4 5", 'echo "a; b" | c'),
        ("1 2 3 4 5 #no", "line 1", "1 2 3 4 5", "#no"),
    ],
)
def test_a_line(line: str, name: str, cron_definition: str, command: str) -> None:
    (read,) = read_crontab(line, system=False).lines
    assert read == (1, name, cron_definition, "UTC", None, command, None)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("60 * * * * x", "minute '60'"),
        ("0 0 30 2 * x", "can never be due"),
        ("0 5/10 * * * x", "write 5-23/10"),
        ("0 0 * * ? x", "'?' is not allowed"),
        ("0 0 12 * * ? x", "6 fields"),
        ("0 0 12 1 1 2026 x", "6 fields"),
        ("0 0 0 12 1 1 2026 x", "7 fields"),
        ("*/5 * * * * * x", "6 fields"),
        ("*/2 * * * * * * ls", "7 fields"),
        ("0 0 12 * * ? 2026 x", "7 fields"),
        ("@every 5m", "no command after the schedule"),
        ("@REBOOT x", "@reboot names no instant"),
        ("0 0~5 * * * x", "~ draws a number at random"),
        ("0 0 */2 * 1 x", "a day to match both"),
        ("0 0 13 * */2 x", "a day to match both"),
        ("0 5 * * *", "no command after the schedule"),
        ("@daily ", "no command after the schedule"),
        ("backup at noon", "3 fields"),
        ("-", "0 fields"),
        ('"SHELL=/bin/sh', "1 field;"),
        ("CRON_TZ=Mars/Olympus", "an IANA time zone"),
        ("CRON_TZ=", "an IANA time zone"),
        ("RANDOM_DELAY=45", "a random delay"),
    ],
)
def test_a_line_that_cannot_be_a_job_has_a_reason(line: str, reason: str) -> None:
    assert reason in only_reason(line)


SUNDAYS = """\
0 9 * * sat-sun /usr/bin/a
1 * * * fri-sun /usr/bin/b
30 1 * * Mon-Sun /usr/bin/c
0 0 * * Wed-Sun /usr/bin/d
0 9 * * 5-0 /usr/bin/e
"""


def test_a_range_of_weekdays_may_end_on_sunday() -> None:
    crontab = read_crontab(SUNDAYS, system=False)
    assert [cron_in_words(line.cron_definition) for line in crontab.lines] == [
        "at 09:00 on Saturday and Sunday",
        "at minute 1 of every hour on Friday to Sunday",
        "at 01:30 every day",
        "at 00:00 on Wednesday to Sunday",
        "at 09:00 on Friday to Sunday",
    ]


def test_lines_after_a_bad_time_zone_are_not_given_another() -> None:
    text = "@daily a\nCRON_TZ=Nowhere\n@daily b\nCRON_TZ=UTC\n@daily c"
    crontab = read_crontab(text, "Asia/Tokyo", system=False)
    assert [(line.command, line.timezone) for line in crontab.lines] == [
        ("a", "Asia/Tokyo"),
        ("c", "UTC"),
    ]
    assert [problem.number for problem in crontab.problems] == [2, 3]
    assert "correct line 2" in crontab.problems[1].reason


def test_a_bad_time_zone_of_the_reader_is_refused() -> None:
    with pytest.raises(ValueError, match="IANA time zone"):
        read_crontab("", timezone="Nowhere")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0 5 * * * /usr/bin/x y", "'/usr/bin/x' is no user"),
        ("0 5 * * * echo U2Ny | sudo -S x", "'echo' is no user"),
        ("0 5 * * * root", "no command after the user 'root'"),
        ("@daily [ -x /usr/bin/x ]", "'[' is no user"),
        ("0 0 12 * * * root x", "6 fields"),
    ],
)
def test_a_system_crontab_needs_a_user(line: str, reason: str) -> None:
    assert reason in only_reason(line, system=True)


def test_a_system_crontab_knows_users_with_unusual_names() -> None:
    (line,) = read_crontab("0 5 * * * CORP\\j.doe x", system=True).lines
    assert (line.user, line.command) == ("CORP\\j.doe", "x")
