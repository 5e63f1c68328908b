"""Names of jobs made of commands."""

import pytest

from gnomon.specs.importers.crontab import read_crontab
from gnomon.specs.importers.program_names import program_of


def test_names_are_unique_and_short() -> None:
    long = "/opt/" + "x" * 80
    commands = ["a", "a", "a 2", "a", long, long, f"b {'c' * 30} {'d' * 30}"]
    crontab = read_crontab("\n".join(f"@daily {command}" for command in commands), system=False)
    assert [line.name for line in crontab.lines] == [
        *("a", "a 2", "a 3", "a 4"),
        *("x" * 60, "x" * 58 + " 2"),
        "b",
    ]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/p/fbps.js --password U2NyaXB0 Sarah=Standard", "fbps.js"),
        ("flock -n 15 UPS_job.lock", "UPS_job.lock"),
        ("flock -w 15 /tmp/x.lock /opt/ups.sh --key U2Ny", "ups.sh"),
        ("flock /tmp/x.lock -c 'x U2Ny'", "flock"),
        ("nice -n 19 ionice -c2 -n7 /usr/bin/updatedb", "updatedb"),
        ("timeout 25 rpicam-still 800 2592", "rpicam-still"),
        ("timeout -s KILL 25 x U2Ny", "x"),
        ("MYSQL_PWD=U2Ny mysqldump shop", "mysqldump"),
        ("PW='my U2Ny' x", "x"),
        ('PW="$(echo "a U2Ny" | base64)" x', "x"),
        ("env -i PW=U2Ny x", "x"),
        ("sudo -u postgres pg_dump shop", "pg_dump"),
        ("sudo --prompt U2Ny x", "sudo"),
        ("python3.11 -u /srv/app/report.py --key U2Ny", "report.py"),
        ("python3 -m reports.daily", "reports.daily"),
        ("python3 -c U2Ny", "python3"),
        ("bash -lc 'x U2Ny'", "bash"),
        ("php artisan schedule:run", "artisan"),
        ("run-parts --report /etc/cron.daily", "cron.daily"),
        ("$HOME/bin/backup.sh", "backup.sh"),
        ("curl https://me:U2Ny@host/", "curl"),
        ("https://me:U2Ny@host/x", ""),
        ("$CMD U2Ny", ""),
        ("x 'unbalanced U2Ny", ""),
        ("", ""),
    ],
)
def test_a_name_is_that_of_the_program(command: str, name: str) -> None:
    assert program_of(command) == name
