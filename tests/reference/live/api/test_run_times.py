"""How long a run took, where its start and its end have the instant of one report."""

import pytest

from gnomon.reference.live.api.run_times import bound
from gnomon.reference.live.api.schemas import RunView, view_results
from gnomon.reference.live.api.web.runs import shown
from gnomon.reference.live.cli.tables import runs_table
from gnomon.reference.schedule.clock import DAY, HOUR, MINUTE
from gnomon.reference.store.administration import JobRun, RunOutcome
from gnomon.reference.store.operations import Job
from tests.support.strategies import a_job

JOB = Job("1", 1, a_job("report"), None, 0)
CLAIMED = 1_000_000


def a_run(claimed: int | None, started: int | None, finished: int | None) -> JobRun:
    outcome: RunOutcome | None = None if finished is None else "ok"
    return JobRun(
        message=1, cid="K1", due=0, on_demand=False, published=0, claimed=claimed, started=started,
        finished=finished, outcome=outcome,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("run", "in_web", "in_terminal", "in_json"),
    [
        (a_run(CLAIMED, CLAIMED + 1_200, CLAIMED + 1_200), "<2ms", "< 2 ms", "0s"),
        (a_run(CLAIMED, CLAIMED + 2_000, CLAIMED + 2_000), "<3ms", "< 3 ms", "0s"),
        (a_run(CLAIMED, CLAIMED, CLAIMED), "<1ms", "< 1 ms", "0s"),
        # an outage: what lasted for seconds may be reported at once as well
        (a_run(CLAIMED, CLAIMED + 7_000_500, CLAIMED + 7_000_500), "<8s", "< 8 s", "0s"),
        (a_run(None, CLAIMED, CLAIMED), "–", "-", "0s"),
        (a_run(CLAIMED, CLAIMED + 100, CLAIMED + 700), "600us", "600 µs", "600us"),
        (a_run(CLAIMED, CLAIMED, CLAIMED + 1_500_000), "1s500ms", "1.5 s", "1s500ms"),
        (a_run(CLAIMED, CLAIMED, None), "–", "-", None),
        # the clock ran back
        (a_run(CLAIMED, CLAIMED + 5, CLAIMED), "–", "-", "0s"),
        (a_run(CLAIMED, CLAIMED - 1, CLAIMED - 1), "–", "-", "0s"),
        (a_run(CLAIMED, CLAIMED - 9_000, CLAIMED - 5_000), "4ms", "4 ms", "4ms"),
    ],
)
def test_no_run_is_reported_to_have_taken_no_time(
    run: JobRun, in_web: str, in_terminal: str, in_json: str | None
) -> None:
    (row,) = shown(JOB, [run])
    assert row.took == in_web
    (view,) = view_results([run]).results
    assert took_in_table(view) == in_terminal
    assert view.duration == in_json


def took_in_table(view: RunView) -> str:
    table = runs_table([view])
    (column,) = (column for column in table.columns if column.header == "took")
    (text,) = column.cells
    return str(text)


@pytest.mark.parametrize(
    ("took", "in_web", "in_terminal"),
    [
        (999_999, "<1s", "< 1 s"),
        (MINUTE + 1, "<1m1s", "< 1 min 1 s"),
        (HOUR - 1, "<1h", "< 1 h"),
        (HOUR + MINUTE, "<1h2m", "< 1 h 2 min"),
        (DAY + 1, "<1d1h", "< 1 d 1 h"),
        (9 * DAY, "<1w3d", "< 10 d"),
    ],
)
def test_what_is_shown_is_above_the_time_since_the_claim(
    took: int, in_web: str, in_terminal: str
) -> None:
    run = a_run(CLAIMED, CLAIMED + took, CLAIMED + took)
    found = bound(run.claimed, run.started, run.finished)
    assert found is not None
    assert found > took
    assert shown(JOB, [run])[0].took == in_web
    assert took_in_table(view_results([run]).results[0]) == in_terminal
