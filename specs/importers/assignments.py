"""Assignments in a crontab: which ones change when jobs are due, and which are environment."""

import re

ASSIGNMENT = re.compile(
    r"""(["']?)(?P<name>[A-Za-z_][A-Za-z0-9_]*)\1\s*=\s*(?P<value>.*)""", re.ASCII
)

LOST_EFFECTS = {
    "RANDOM_DELAY": (
        "the jobs are taken without a random delay; the nearest is jitter of each job, an offset "
        "of its own for each occurrence: jitter = '30m' for a delay of 30"
    ),
    "DELAY": (
        "a delay of the lines after it cannot be expressed, and the jobs are taken without it: add "
        "it to their minutes"
    ),
    "START_HOURS_RANGE": (
        "the hours in which jobs may start are lost, and the jobs are taken without them: write "
        "them into the hours of cron jobs; for interval jobs choose a --from within them"
    ),
    "FREQ": (
        "a frequency set by a variable cannot be expressed, and the jobs are taken without it: "
        "write it into each schedule"
    ),
    "PERSISTENT": (
        "whether missed runs are made up for is lost: the nearest is the misfire policy of each job"
    ),
}
"""Variables that change when jobs are due, in cronie, anacron and systemd-cron."""

ENVIRONMENT = "it is the environment of the commands, which a recording does not have"
OF_COMMANDS_ZONE = (
    "it is the zone of the commands; some crons, but not cronie and Vixie's, also schedule the "
    "lines after it in this zone: write CRON_TZ if it is meant"
)

_SUSPICIOUS = re.compile(
    r"(?:.*_)?(?:DELAY|JITTER|SPLAY|FREQ|FREQUENCY|INTERVAL|PERIOD|SCHEDULE|TZ|TIMEZONE)"
    r"|START_HOURS?(?:_.*)?|(?:.*_)?HOURS_RANGE"
)


def lost_effect(name: str) -> str | None:
    """Why an effect of the variable `name` is lost; None if it is only environment."""
    if name == "TZ":
        return None
    if reason := LOST_EFFECTS.get(name.upper()):
        return reason
    if _SUSPICIOUS.fullmatch(name.upper()):
        return (
            f"{name[:40]} may change when the lines after it are due, and the jobs are taken "
            "without it: write its effect into their schedules"
        )
    return None


def unquoted(value: str) -> str:
    """The value of an assignment without its quotes."""
    is_quoted = len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]
    return value[1:-1] if is_quoted else value
