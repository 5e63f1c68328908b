"""Whether a crontab is a user's or the system's."""

import re

import pytest

from gnomon.specs.importers.contents import UndecidedError
from gnomon.specs.importers.crontab import read_crontab


@pytest.mark.parametrize(
    "line",
    [
        "@daily backup",
        "@daily backup --all",
        "@daily backup > /dev/null",
        "@daily backup 5 7",
        "@daily backup.sh /srv",
        "@daily /usr/bin/backup /srv",
        "@daily test -x /usr/bin/x",
        "@daily cd /srv && make",
        "@daily command -v x",
        "@daily run-parts /etc/cron.daily",
        "@daily if [ -x /usr/bin/x ]; then x; fi",
        "@daily LANG=C backup /srv",
        "# m h  dom mon dow   command\n@daily backup /srv",
        "@daily backup /srv\n@daily ls",
    ],
)
def test_a_line_is_evidence_of_a_user_crontab(line: str) -> None:
    assert read_crontab(line) == read_crontab(line, system=False)


@pytest.mark.parametrize(
    "line",
    [
        "@daily root backup /srv",
        "@daily www-data php /srv/x.php",
        "@daily git cd /srv && make",
        "@daily munin if [ -x /usr/bin/x ]; then x; fi",
        "@daily alice (cd /srv; make)",
        "# m h dom mon dow user\tcommand\n@daily backup /srv",
        "@daily backup /srv\n@daily root x",
    ],
)
def test_a_line_is_evidence_of_a_system_crontab(line: str) -> None:
    assert read_crontab(line) == read_crontab(line, system=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@daily backup /srv", "'backup' on line 1 may be a user and may be a command"),
        ("\n@daily git pull", "'git' on line 2"),
        ("@daily root x\n@daily /usr/bin/x", "line 1 reads like a system crontab"),
        ("@daily /usr/bin/x\n@daily root x", "line 2 reads like a system crontab"),
        ("# m h dom mon dow user command\n@daily x", "the heading"),
    ],
)
def test_undecided(text: str, message: str) -> None:
    with pytest.raises(UndecidedError, match=re.escape(message)) as raised:
        read_crontab(text)
    assert "pass --system or --user" in str(raised.value)


@pytest.mark.parametrize("text", ["", "\n# only a comment\nSHELL=/bin/sh\n", "@reboot x"])
def test_without_a_job_there_is_nothing_to_decide(text: str) -> None:
    assert read_crontab(text).lines == ()


@pytest.mark.parametrize(
    ("line", "user"),
    [
        ("30 02 * * * root -n /usr/local/bin/pf-blacklist", "root"),
        ("@daily root -q -n /usr/local/bin/pf-blacklist", "root"),
        ("@daily www-data -nq x y", "www-data"),
        ("@daily -n /usr/local/bin/pf-blacklist", None),
        ("@daily /usr/local/bin/pf-blacklist -n x", None),
    ],
)
def test_flags_of_bsd_stand_before_the_command(line: str, user: str | None) -> None:
    (read,) = read_crontab(line).lines
    assert read.user == user
    assert not read.command.startswith("-")
    assert read.name in ("pf-blacklist", "x")


@pytest.mark.parametrize("line", ["@daily alice -n /usr/bin/x", "@daily alice -q sh x.sh"])
def test_flags_after_an_unknown_word_are_undecided(line: str) -> None:
    with pytest.raises(UndecidedError, match="'alice' on line 1"):
        read_crontab(line)
    assert read_crontab(line, system=False).lines[0].name == "alice"
    assert read_crontab(line, system=True).lines[0].user == "alice"
