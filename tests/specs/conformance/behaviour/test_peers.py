"""What prototypes saw of other schedulers, as knobs: the model under them yields the same.

The one idea: a row of a table of observations (28 November 2026) on the left, a profile on the
right. A cell is read from the model's firings by a function of its own; `-` is what a scheduler has
not, or what no knob explains: rq-scheduler fired 32 times in the gap, RedBeat an hour late and
schedule twice on the day after it. rq-scheduler is re-phased because its polls are.
"""

from collections.abc import Callable, Sequence

import pytest

from gnomon.reference.schedule.clock import HOUR, MINUTE, SECOND, read_instant
from gnomon.specs.conformance.behaviour.model import Prediction, predict
from gnomon.specs.conformance.behaviour.profile import Settings, settings_of
from gnomon.specs.conformance.protocol import Job
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Pause,
    Restart,
    Resume,
    Scenario,
    Step,
)

NOW = "2026-01-05T00:00:07Z"
START = read_instant(NOW)
RESTART = START + 352 * SECOND
RESUME = START + 350 * SECOND

PROFILES: dict[str, dict[str, str]] = {
    "apscheduler3": {
        "catch_up": "grace-1s",
        "one_time_past": "never",
        "one_time_missed": "never",
        "gap": "shifted",
        "fold": "both",
    },
    "celery": {
        "anchor": "previous-firing",
        "early_wake": "10ms",
        "resume_interval": "re-phased",
        "gap": "shifted",
    },
    "redbeat": {
        "anchor": "previous-firing",
        "resume_interval": "at-once",
        "gap": "shifted",
    },
    "django-celery-beat": {
        "anchor": "previous-firing",
        "early_wake": "10ms",
        "resume_interval": "re-phased",
        "gap": "shifted",
    },
    "rq.cron": {
        "anchor": "previous-firing",
        "restart_cron": "skipped",
        "resume_interval": "at-once",
        "gap": "shifted",
    },
    "rq-scheduler": {"polling": "60s"},
    "huey": {
        "polling": "60s",
        "minute_matching": "yes",
        "one_time_missed": "never",
        "clock_back": "repeats",
        "gap": "skipped",
        "fold": "both",
    },
    "taskiq": {
        "minute_matching": "yes",
        "resume_interval": "at-once",
        "gap": "skipped",
        "fold": "both",
    },
    "periodiq": {
        "minute_matching": "yes",
        "clock_back": "repeats",
        "gap": "skipped",
        "fold": "both",
    },
    "schedule": {
        "first_firing": "after-an-interval",
        "restart_interval": "from-the-start",
        "resume_interval": "re-phased",
        "gap": "shifted",
    },
    "node-cron": {"restart_cron": "skipped", "gap": "skipped"},
    "croner": {
        "first_firing": "after-an-interval",
        "restart_interval": "from-the-start",
        "restart_cron": "skipped",
        "resume_interval": "at-once",
        "one_time_past": "never",
        "one_time_missed": "never",
        "clock_back": "repeats",
    },
    "cron": {"restart_cron": "skipped", "clock_back": "repeats"},
    "node-schedule": {
        "restart_cron": "skipped",
        "one_time_past": "refused",
        "catch_up": "all",
        "gap": "shifted",
    },
}

COLUMNS = (
    "drift", "interval restart", "cron restart", "resume", "past", "while down", "gap", "fold",
    "clock back",
)  # fmt: skip
SEEN = """
apscheduler3       0   grid           none    grid      never   never 03:30 2 silent
celery             239 one,re-phased  one     re-phased -       -     03:30 1 silent
redbeat            249 one,re-phased  one     at-once   -       -     03:30 1 silent
django-celery-beat 239 one,re-phased  one     re-phased fires   fires 03:30 1 silent
rq.cron            249 one,re-phased  none    at-once   -       -     03:30 1 silent
rq-scheduler       -   one,re-phased  one     -         fires   fires -     1 silent
huey               -   -              second  -         fires   never skip  2 repeats
taskiq             0   one            at-once at-once   fires   fires skip  2 silent
periodiq           -   -              at-once -         -       -     skip  2 repeats
schedule           0   from-the-start -       re-phased -       -     03:30 1 silent
node-cron          -   -              none    -         -       -     skip  1 silent
croner             0   from-the-start none    at-once   never   never 03:00 1 repeats
cron               -   -              none    -         -       -     03:00 1 repeats
node-schedule      -   -              none    -         refused -     03:30 1 silent
"""
"""`second`: at once, and each minute at the second of that start."""
ROWS = [(name, tuple(cells)) for name, *cells in map(str.split, SEEN.strip().splitlines())]


def firings(
    settings: Settings, job: Job, *actions: Action, now: str = NOW, lag: float = 0
) -> list[int]:
    return [
        read_instant(firing.at) for firing in run(settings, job, *actions, now=now, lag=lag).firings
    ]


def run(
    settings: Settings, job: Job, *actions: Action, now: str = NOW, lag: float = 0
) -> Prediction:
    scenario = Scenario("", "", (), now, (Create(job), *actions), "UTC", lag)
    return predict(scenario, settings.behaviour, settings.dialect)


MINUTELY = Job("a", every=60)
CRON = Job("a", cron="* * * * *")


def drift(settings: Settings) -> str:
    found = firings(settings, Job("a", every=10), Advance(10_400), lag=0.25)
    return str((found[999] - found[0] - 9_990 * SECOND) // SECOND)


def restart(settings: Settings, job: Job) -> list[int]:
    found = firings(settings, job, Advance(157), Restart("kill", 195), Advance(310))
    return [at for at in found if at >= RESTART]


def interval_restart(settings: Settings) -> str:
    found = restart(settings, MINUTELY)
    if found[0] == RESTART + MINUTE:
        return "from-the-start"
    if found[0] != RESTART:
        return "grid"
    return "one,re-phased" if found[1] == RESTART + MINUTE else "one"


def cron_restart(settings: Settings) -> str:
    if restart(settings, CRON)[0] != RESTART:
        return "none"
    # nothing was missed, and the process starts within a minute in which the job has run
    again = firings(settings, CRON, Advance(70), Restart("kill", 4), Advance(70))
    if START + 74 * SECOND not in again:
        return "one"
    return "second" if again[-1] == START + 134 * SECOND else "at-once"


def resume(settings: Settings) -> str:
    found = firings(
        settings, MINUTELY, Advance(157), Pause("a"), Advance(193), Resume("a"), Advance(200)
    )
    first = min(at for at in found if at >= RESUME)
    return {RESUME: "at-once", RESUME + MINUTE: "re-phased"}.get(first, "grid")


def past(settings: Settings) -> str:
    found = run(settings, Job("a", at="2026-01-04T23:59:37Z"), Advance(200))
    return "refused" if found.refused == 0 else "fires" if found.firings else "never"


def while_down(settings: Settings) -> str:
    job = Job("a", at="2026-01-05T00:01:47Z")
    return (
        "fires"
        if firings(settings, job, Advance(50), Restart("kill", 150), Advance(200))
        else "never"
    )


def gap(settings: Settings) -> str:
    job = Job("a", cron="30 2 * * *", zone="America/New_York")
    found = firings(settings, job, Advance(8 * 3600), now="2026-03-08T04:00:07Z")
    local = [f"{at % (24 * HOUR) // HOUR - 4:02}:{at % HOUR // MINUTE:02}" for at in found]
    return ", ".join(local) or "skip"


def fold(settings: Settings) -> str:
    job = Job("a", cron="30 1 * * *", zone="America/New_York")
    return str(len(firings(settings, job, Advance(8 * 3600), now="2026-11-01T04:00:07Z")))


def clock_back(settings: Settings) -> str:
    found = firings(settings, CRON, Advance(3757), Step(-3600), Advance(3000))
    return "silent" if len(found) <= 64 else "repeats"


CELLS: Sequence[Callable[[Settings], str]] = (
    drift, interval_restart, cron_restart, resume, past, while_down, gap, fold, clock_back,
)  # fmt: skip


@pytest.mark.parametrize(("peer", "cells"), ROWS, ids=[name for name, _ in ROWS])
def test_the_model_yields_what_was_seen(peer: str, cells: tuple[str, ...]) -> None:
    settings = settings_of(PROFILES[peer])
    asked = {
        column: (read(settings), seen)
        for column, read, seen in zip(COLUMNS, CELLS, cells, strict=True)
        if seen != "-"
    }
    assert {column: pair[0] for column, pair in asked.items()} == {
        column: pair[1] for column, pair in asked.items()
    }


def test_each_knob_of_a_profile_is_needed() -> None:
    """Without one of its knobs, a profile yields another row."""
    idle = []
    for peer, cells in ROWS:
        for knob in PROFILES[peer]:
            rest = settings_of(
                {name: PROFILES[peer][name] for name in PROFILES[peer] if name != knob}
            )
            pairs = zip(CELLS, cells, strict=True)
            if all(seen == "-" or cell(rest) == seen for cell, seen in pairs):
                idle.append((peer, knob))
    assert idle == [("node-schedule", "catch_up")], "this one is for the step forward, below"


def test_a_step_forward_yields_one_firing_or_65() -> None:
    """All but node-schedule caught up once; it fired 65 times in five minutes."""
    for peer, profile in PROFILES.items():
        found = firings(settings_of(profile), CRON, Advance(157), Step(3600), Advance(300))
        later = [at for at in found if at > START + 1000 * SECOND]
        assert (len(later) == 65) if peer == "node-schedule" else (5 <= len(later) <= 6), peer
