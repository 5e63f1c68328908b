"""What counts of a history in which the store has forgotten something."""

import pytest

from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.notation.parser import ORIGIN, read_example
from gnomon.specs.notation.renderer import render_history
from gnomon.specs.trace.lost_writes import OrphanRun, surviving_events

BEGINS = "0s job_created a seconds=1\n0s published 1 a\n0s claimed 1 s1/1\n0s started 1 s1/1\n"


def what_counts(text: str) -> tuple[list[str], list[OrphanRun]]:
    """Kinds and subjects of what counts from the fifth line on, and the orphans."""
    history = read_example(BEGINS + text)
    counting, orphans = surviving_events(history.events)
    read_again = render_history(type(history)(history.header, counting))
    lines = [" ".join(line.split()[1:3]) for line in read_again]
    return [line for line in lines[1:] if line != "end"], orphans


def orphan(server: str, begins: int, ends: int | None) -> OrphanRun:
    return OrphanRun(
        server, ORIGIN + begins * SECOND, None if ends is None else ORIGIN + ends * SECOND
    )


CREATED, PUBLISHED, CLAIMED, STARTED = "job_created a", "published 1", "claimed 1", "started 1"
FINISHED = "finished 1"


@pytest.mark.parametrize(
    ("text", "counting", "orphans"),
    [
        ("1s finished 1 s1/1", [CREATED, PUBLISHED, CLAIMED, STARTED, FINISHED], []),
        pytest.param(
            "1s writes_lost 2 since=0s undone=[2,3] reopened=[]\n2s finished 1 s1/1",
            [CREATED, "writes_lost 2"],
            [orphan("s1", 1, 2)],
            id="a message that is not known any more, and its run",
        ),
        pytest.param(
            "1s writes_lost 1 since=0s undone=[3] reopened=[]\n2s finished 1 s1/1\n"
            "3s claimed 1 s1/1\n3s started 1 s1/1",
            [CREATED, PUBLISHED, "writes_lost 1", CLAIMED, STARTED],
            [orphan("s1", 1, 2)],
            id="a claim, and the run that came of it",
        ),
        pytest.param(
            "1s writes_lost 1 since=0s undone=[3] reopened=[]\n2s claimed 1 s1/1\n"
            "3s finished 1 s1/1",
            [CREATED, PUBLISHED, "writes_lost 1", CLAIMED, STARTED, FINISHED],
            [],
            id="a run that goes on while its attempt is claimed anew",
        ),
        pytest.param(
            "0s server_started s1 workers=1\n1s writes_lost 1 since=0s undone=[3] reopened=[]\n"
            "2s server_crashed s1\n3s claimed 1 s1/1",
            [
                CREATED,
                PUBLISHED,
                "server_started s1",
                "writes_lost 1",
                "server_crashed s1",
                CLAIMED,
            ],
            [orphan("s1", 1, 2)],
            id="a run that ended with its server",
        ),
        pytest.param(
            "1s finished 1 s1/1\n2s writes_lost 1 since=1s undone=[] reopened=[1]",
            [CREATED, PUBLISHED, CLAIMED, STARTED, FINISHED, "writes_lost 1"],
            [],
            id="a completion that is forgotten, and told again",
        ),
        pytest.param(
            "1s finished 1 s1/1\n2s writes_lost 1 since=1s undone=[] reopened=[1]\n"
            "3s started 1 s1/1",
            [CREATED, PUBLISHED, CLAIMED, "writes_lost 1", STARTED],
            [],
            id="a completion that is forgotten, and the message run again",
        ),
        pytest.param(
            "1s finished 1 s1/1\n2s writes_lost 1 since=0s undone=[3] reopened=[]\n"
            "3s claimed 1 s1/1",
            [CREATED, PUBLISHED, "writes_lost 1", CLAIMED, STARTED, FINISHED],
            [],
            id="a run that had ended, and is completed when its attempt is claimed anew",
        ),
        pytest.param(
            "1s writes_lost 1 since=0s undone=[3] reopened=[]\n2s finished 1 s1/1\n"
            "3s claimed 1 s1/1",
            [CREATED, PUBLISHED, "writes_lost 1", CLAIMED, STARTED, FINISHED],
            [orphan("s1", 1, 2)],
            id="a run that ended after the loss, and is completed when it is claimed anew",
        ),
        pytest.param(
            "1s finished 1 s1/1\n2s writes_lost 1 since=0s undone=[3] reopened=[]\n"
            "3s claimed 1 s1/1\n3s started 1 s1/1",
            [CREATED, PUBLISHED, "writes_lost 1", CLAIMED, STARTED],
            [],
            id="a run that had ended, and is begun again when its attempt is claimed anew",
        ),
        pytest.param(
            "1s finished 1 s1/1\n2s reclaimed 1 s1/1\n2s claimed 1 s1/2 attempt=2\n"
            "3s writes_lost 2 since=2s undone=[6,7] reopened=[]\n4s started 1 s1/1",
            [CREATED, PUBLISHED, CLAIMED, "writes_lost 2", STARTED],
            [],
            id="a completion that came too late, and the message run again in the same attempt",
        ),
        pytest.param(
            "1s lost 1 s1/1\n2s writes_lost 1 since=1s undone=[5] reopened=[1]\n"
            "3s finished 1 s1/1\n4s lost 1 s1/1",
            [CREATED, PUBLISHED, CLAIMED, STARTED, "writes_lost 1", FINISHED, "lost 1"],
            [],
            id="a message that was given up, while its run goes on",
        ),
        pytest.param(
            "1s finished 1 s1/1\n2s writes_lost 1 since=1s undone=[] reopened=[1]\n"
            "3s reclaimed 1 s1/1\n3s claimed 1 s2/1 attempt=2\n3s started 1 s2/1 attempt=2\n"
            "4s finished 1 s2/1 attempt=2\n5s writes_lost 1 since=4s undone=[] reopened=[1]\n"
            "6s started 1 s2/1 attempt=2\n7s writes_lost 2 since=3s undone=[7,8] reopened=[]",
            [
                CREATED,
                PUBLISHED,
                CLAIMED,
                STARTED,
                FINISHED,
                *["writes_lost 1"] * 2,
                "writes_lost 2",
            ],
            [orphan("s2", 7, None)],
            id="a completion that is forgotten, and a later attempt that a later loss undoes",
        ),
        pytest.param(
            "1s lease_acquired s1\n2s writes_lost 1 since=1s undone=[5] reopened=[]",
            [CREATED, PUBLISHED, CLAIMED, STARTED, "lease_acquired s1", "writes_lost 1"],
            [],
            id="who led has led",
        ),
    ],
)
def test_what_counts(text: str, counting: list[str], orphans: list[OrphanRun]) -> None:
    assert what_counts(text) == (counting, orphans)


def test_without_a_loss_all_events_count() -> None:
    history = read_example(BEGINS)
    assert surviving_events(history.events) == (history.events, [])
