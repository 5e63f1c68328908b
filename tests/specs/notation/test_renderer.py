"""Pictures of histories: a line an event, and nothing lost but what is meant to be."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.history import Header, History
from gnomon.reference.schedule.clock import FIRST_INSTANT, LAST_INSTANT, SECOND
from gnomon.simulator.world.replay import replay
from gnomon.specs.notation.grammar import (
    KINDS,
    PLACE,
    SPREAD,
    SUBJECTS,
    quoted,
    read_time,
    write_time,
)
from gnomon.specs.notation.parser import ORIGIN, read_example, read_examples
from gnomon.specs.notation.renderer import View, picture
from gnomon.specs.recording import files
from gnomon.specs.recording.model import Recording
from gnomon.specs.spec_text import sections
from tests.reference.test_history import any_event, histories, structs
from tests.simulator.world.test_crashes import Orders, crashes, with_commands
from tests.support.worlds import busy_worlds

EXAMPLES = {
    f"{id} {number}": example.text
    for id, section in sections().items()
    for number, example in enumerate(section.examples, 1)
}


def drawn(*happened: events.Event, end: int = ORIGIN + 1) -> list[str]:
    """The lines of a picture but for its header and its end."""
    return list(picture(History(Header(start=ORIGIN, end=end), list(happened))))[1:-1]


def without_origins(history: History) -> History:
    """`history` but for what a picture leaves out: where it is from, and cids that are in order."""
    published = [event for event in history.events if isinstance(event, events.Published)]
    cids = Counter(event.cid for event in published)
    fresh = {
        event.cid: f"K{event.message:039d}"
        for event in published
        if cids[event.cid] == 1 and event.cid[:1] == "K" and len(event.cid) == 40
    }

    def plain(event: Any) -> Any:
        if isinstance(event, events.Published):
            return replace(event, cid=fresh.get(event.cid, event.cid))
        if isinstance(event, events.Invoked) and event.saw.get("cid") in fresh:
            return replace(event, saw=event.saw | {"cid": fresh[event.saw["cid"]]})
        return event

    header = replace(history.header, seed=None, recording=None, versions={})
    return History(header, [plain(event) for event in history.events])


def read_back(history: History) -> History:
    return read_example("\n".join(picture(history)))


# --- the table


def test_every_kind_of_event_says_what_it_is_about() -> None:
    assert SUBJECTS.keys() == KINDS.keys()
    for kind, subjects in SUBJECTS.items():
        fields = KINDS[kind].of.__struct_fields__
        named = [name for subject in subjects for name in subject.split("/")]
        assert named and set(named) < set(fields), kind
        assert PLACE in subjects or "worker" not in fields, kind


def test_every_field_that_holds_whatever_was_given_is_spread_out() -> None:
    held = {
        kind: field.name
        for kind, known in KINDS.items()
        for field in msgspec.structs.fields(known.of)
        if field.type == dict[str, Any]
    }
    assert held == {kind: spread.field for kind, spread in SPREAD.items()}


# --- there and back


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_an_event_of_any_kind_comes_back(kind: str, data: st.DataObject) -> None:
    event = data.draw(structs(KINDS[kind].of))
    told = History(Header(start=FIRST_INSTANT, end=LAST_INSTANT), [event])
    assert read_back(told) == without_origins(told)


@given(histories)
def test_any_history_comes_back(told: History) -> None:
    assert read_back(told) == without_origins(told)


@given(busy_worlds(), crashes)
def test_what_was_replayed_comes_back(recording: Recording, orders: Orders) -> None:
    span = recording.until - recording.start
    names = recording.cluster.server_names
    possible = [order for order in orders if order[2] in names and order[0] < span]
    told = replay(with_commands(recording, *possible))
    assert read_back(told) == without_origins(told)


@pytest.mark.parametrize("name", ["changes", "clocks-back", "failures", "payload", "restarts"])
def test_what_ships_comes_back(name: str) -> None:
    told = replay(files.load(name))
    assert read_back(told) == without_origins(told)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_come_back(name: str) -> None:
    for told in read_examples(EXAMPLES[name]):
        assert read_back(told) == told


@given(histories)
def test_an_event_is_a_line_that_can_be_printed(told: History) -> None:
    lines = list(picture(told))
    assert len(lines) == len(told.events) + 2
    assert all(line.isprintable() and line == line.rstrip() for line in lines)


@given(st.integers(FIRST_INSTANT, LAST_INSTANT), st.integers(FIRST_INSTANT, LAST_INSTANT))
def test_a_time_comes_back(instant: int, origin: int) -> None:
    assert read_time(write_time(instant, origin), origin) == instant
    beside = min(origin + instant % SECOND, LAST_INSTANT)
    assert read_time(write_time(beside, origin), origin) == beside


# --- what a line says


def test_a_picture_is_an_example() -> None:
    example = """\
header start=2026-01-01T00:00:00Z lease=10s travel=0s
0s               job_created      report name="nightly report" minutes=1
0s               lease_acquired   s1
0s               published        1 report
0s               claimed          1 s1/1
0s               started          1 s1/1
5s               server_crashed   s1
10s              lease_acquired   s2
10s              reclaimed        1 s1/1
10s              claimed          1 s2/1 attempt=2
30s              job_edited       report name="weekly report" minutes=2
2m500ms          published        2 report due=2m
3m               end
"""
    assert "".join(f"{line}\n" for line in picture(read_example(example))) == example


def test_the_header_says_what_is_not_known() -> None:
    (header, end) = picture(History(Header(start=ORIGIN, end=ORIGIN + SECOND), []))
    assert header == "header start=2026-01-01T00:00:00Z lease=null travel=null"
    assert end == "1s               end"


@pytest.mark.parametrize(
    ("error", "word"),
    [
        ("no", "no"),
        ("5", "5"),
        ("no connection", '"no connection"'),
        ("it's", '"it\'s"'),
        ('say "no"', "'say \"no\"'"),
        ("", '""'),
        ("back\\slash", "'back\\slash'"),
    ],
)
def test_words_are_quoted_if_they_need_it(error: str, word: str) -> None:
    assert quoted(error) == word


def test_a_text_that_is_json_stays_a_text() -> None:
    (line,) = drawn(events.DeadLettered(ORIGIN, 1, "5"))
    assert line.endswith("""dead_lettered    1 why='"5"'""")
    (line,) = drawn(events.DeadLettered(ORIGIN, 1, "a\nb\u2028\x1b"))
    assert line.endswith(r"""1 why='"a\nb\u2028\u001b"'""")


def test_a_subject_that_would_be_misread_is_named() -> None:
    (line,) = drawn(events.JobDeleted(ORIGIN, "a=b"))
    assert line.endswith("job_deleted      job=a=b")


def test_a_cid_is_shown_if_it_is_not_in_order() -> None:
    shared, own = f"K{7:039d}", f"K{8:039d}"
    cids = [shared, own, shared, "mine"]
    lines = drawn(
        *(
            events.Published(
                ORIGIN, n, cid, "a", 1, ORIGIN, 1, "s1", "a", "one_time", "report"
            )
            for n, cid in enumerate(cids, 1)
        )
    )  # fmt: skip
    shown = [word for line in lines for word in line.split() if "=" in word]
    assert shown == [f"cid={shared}", f"cid={shared}", "cid=mine"]


def test_an_edit_says_what_it_takes_away() -> None:
    old = {"name": "a", "job_type": "interval_based", "service": "report", "minutes": 5}
    new = {"name": "a", "job_type": "interval_based", "service": "report", "seconds": 1.0}
    lines = drawn(
        events.JobCreated(ORIGIN, "a", "a", old), events.JobEdited(ORIGIN, "a", "a", new, 3)
    )
    assert lines[0].endswith("job_created      a minutes=5 without=start_date")
    assert lines[1].endswith("a revision=3 seconds=1.0 without=minutes,start_date")


# --- what is shown


def job_of(event: Any, jobs: dict[int, str]) -> str | None:
    return event.job if hasattr(event, "job") else jobs.get(getattr(event, "message", 0))


def test_a_view_leaves_lines_out_and_changes_none() -> None:
    told = replay(files.load("changes"))
    header, *whole, end = picture(told)
    jobs = {e.message: e.job for e in told.events if isinstance(e, events.Published)}
    lines = list(zip(told.events, whole, strict=True))
    for view, expected in (
        (View(job="job-2"), [line for e, line in lines if job_of(e, jobs) == "job-2"]),
        (View(server="s2"), [line for e, line in lines if getattr(e, "server", None) == "s2"]),
        (
            View(kinds=frozenset({"job_rejected", "job_edited"})),
            [line for e, line in lines if isinstance(e, events.JobRejected | events.JobEdited)],
        ),
    ):
        assert expected and list(picture(told, view)) == [header, *expected, end]


@given(st.lists(any_event, max_size=6), st.integers(0, 2**41), st.integers(0, 2**41))
def test_a_view_has_a_beginning_and_no_end(happened: list[Any], start: int, end: int) -> None:
    told = History(Header(start=FIRST_INSTANT, end=LAST_INSTANT), happened)
    lines = list(picture(told, View(start=start, end=end)))
    assert len(lines) - 2 == sum(start <= event.at < end for event in happened)
