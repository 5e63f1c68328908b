"""Rendered histories: one line for each event, and the parser reads back the same history."""

from collections import Counter

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
    EXPANDED,
    KINDS,
    PLACE,
    SUBJECTS,
    quoted,
    read_time,
    write_time,
)
from gnomon.specs.notation.parser import ORIGIN, read_example, read_examples
from gnomon.specs.notation.renderer import View, render_history
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


def lines_of(*happened: events.Event, end: int = ORIGIN + 1) -> list[str]:
    """The rendered lines without the header and the end."""
    return list(render_history(History(Header(start=ORIGIN, end=end), list(happened))))[1:-1]


def without_origins(history: History) -> History:
    """`history` without what the renderer omits: its origin, and cids of the usual form."""
    published = [event for event in history.events if isinstance(event, events.Published)]
    cids = Counter(event.cid for event in published)
    fresh = {
        event.cid: f"K{event.message:039d}"
        for event in published
        if cids[event.cid] == 1 and event.cid[:1] == "K" and len(event.cid) == 40
    }

    def plain(event: events.Event) -> events.Event:
        if isinstance(event, events.Published):
            return replace(event, cid=fresh.get(event.cid, event.cid))
        if isinstance(event, events.Invoked) and event.saw.get("cid") in fresh:
            return replace(event, saw=event.saw | {"cid": fresh[event.saw["cid"]]})
        return event

    header = replace(history.header, seed=None, recording=None, versions={})
    return History(header, [plain(event) for event in history.events])


def read_back(history: History) -> History:
    return read_example("\n".join(render_history(history)))


# --- the table


OF_THE_CLUSTER = {"clock_set_back", "cluster_paused", "cluster_resumed"}


def test_every_kind_of_event_has_its_subjects() -> None:
    assert SUBJECTS.keys() == KINDS.keys()
    for kind, subjects in SUBJECTS.items():
        fields = KINDS[kind].of.__struct_fields__
        named = [name for subject in subjects for name in subject.split("/")]
        assert (named or kind in OF_THE_CLUSTER) and set(named) < set(fields), kind
        assert PLACE in subjects or "worker" not in fields, kind


def test_every_field_of_open_json_is_expanded() -> None:
    expected = {
        kind: field.name
        for kind, known in KINDS.items()
        for field in msgspec.structs.fields(known.of)
        if field.type == events.Fields
    }
    assert expected == {kind: expansion.field for kind, expansion in EXPANDED.items()}


# --- there and back


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_an_event_of_any_kind_comes_back(kind: str, data: st.DataObject) -> None:
    event = data.draw(structs(KINDS[kind].of))
    history = History(Header(start=FIRST_INSTANT, end=LAST_INSTANT), [event])
    assert read_back(history) == without_origins(history)


@given(histories)
def test_any_history_comes_back(history: History) -> None:
    assert read_back(history) == without_origins(history)


@given(busy_worlds(), crashes)
def test_a_replayed_history_comes_back(recording: Recording, orders: Orders) -> None:
    span = recording.until - recording.start
    names = recording.cluster.server_names
    possible = [order for order in orders if order[2] in names and order[0] < span]
    history = replay(with_commands(recording, *possible))
    assert read_back(history) == without_origins(history)


@pytest.mark.parametrize("name", ["changes", "clocks-back", "failures", "payload", "restarts"])
def test_a_shipped_recording_comes_back(name: str) -> None:
    history = replay(files.load(name))
    assert read_back(history) == without_origins(history)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_come_back(name: str) -> None:
    for history in read_examples(EXAMPLES[name]):
        assert read_back(history) == history


@given(histories)
def test_an_event_is_a_line_that_can_be_printed(history: History) -> None:
    lines = list(render_history(history))
    assert len(lines) == len(history.events) + 2
    assert all(line.isprintable() and line == line.rstrip() for line in lines)


@given(st.integers(FIRST_INSTANT, LAST_INSTANT), st.integers(FIRST_INSTANT, LAST_INSTANT))
def test_a_time_comes_back(instant: int, origin: int) -> None:
    assert read_time(write_time(instant, origin), origin) == instant
    beside = min(origin + instant % SECOND, LAST_INSTANT)
    assert read_time(write_time(beside, origin), origin) == beside


# --- the words of a line


def test_a_rendered_history_is_an_example() -> None:
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
    assert "".join(f"{line}\n" for line in render_history(read_example(example))) == example


def test_the_header_has_null_for_a_value_that_is_not_known() -> None:
    (header, end) = render_history(History(Header(start=ORIGIN, end=ORIGIN + SECOND), []))
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
    (line,) = lines_of(events.DeadLettered(ORIGIN, 1, "5"))
    assert line.endswith("""dead_lettered    1 why='"5"'""")
    (line,) = lines_of(events.DeadLettered(ORIGIN, 1, "a\nb\u2028\x1b"))
    assert line.endswith(r"""1 why='"a\nb\u2028\u001b"'""")


def test_a_subject_that_would_be_misread_is_named() -> None:
    (line,) = lines_of(events.JobDeleted(ORIGIN, "a=b"))
    assert line.endswith("job_deleted      job=a=b")


def test_a_cid_is_written_unless_it_has_the_usual_form_and_is_unique() -> None:
    shared, own = f"K{7:039d}", f"K{8:039d}"
    cids = [shared, own, shared, "mine"]
    lines = lines_of(
        *(
            events.Published(
                ORIGIN, n, cid, "a", 1, ORIGIN, 1, "s1", "a", "one_time", "report"
            )
            for n, cid in enumerate(cids, 1)
        )
    )  # fmt: skip
    words = [word for line in lines for word in line.split() if "=" in word]
    assert words == [f"cid={shared}", f"cid={shared}", "cid=mine"]


def test_an_edit_names_the_fields_that_it_removes() -> None:
    old = {"name": "a", "job_type": "interval_based", "service": "report", "minutes": 5}
    new = {"name": "a", "job_type": "interval_based", "service": "report", "seconds": 1.0}
    lines = lines_of(
        events.JobCreated(ORIGIN, "a", "a", old), events.JobEdited(ORIGIN, "a", "a", new, 3)
    )
    assert lines[0].endswith("job_created      a minutes=5 without=start_date")
    assert lines[1].endswith("a revision=3 seconds=1.0 without=minutes,start_date")


# --- views


def job_of(event: events.Event, jobs: dict[int, str]) -> str | None:
    return events.job_of(event) or jobs.get(events.message_of(event) or 0)


def test_a_view_omits_lines_and_changes_none() -> None:
    history = replay(files.load("changes"))
    header, *whole, end = render_history(history)
    jobs = {e.message: e.job for e in history.events if isinstance(e, events.Published)}
    lines = list(zip(history.events, whole, strict=True))
    for view, expected in (
        (View(job="job-2"), [line for e, line in lines if job_of(e, jobs) == "job-2"]),
        (View(server="s2"), [line for e, line in lines if events.server_of(e) == "s2"]),
        (
            View(kinds=frozenset({"job_rejected", "job_edited"})),
            [line for e, line in lines if isinstance(e, events.JobRejected | events.JobEdited)],
        ),
    ):
        assert expected and list(render_history(history, view)) == [header, *expected, end]


@given(st.lists(any_event, max_size=6), st.integers(0, 2**41), st.integers(0, 2**41))
def test_a_view_has_a_beginning_and_no_end(
    happened: list[events.Event], start: int, end: int
) -> None:
    history = History(Header(start=FIRST_INSTANT, end=LAST_INSTANT), happened)
    lines = list(render_history(history, View(start=start, end=end)))
    assert len(lines) - 2 == sum(start <= event.at < end for event in happened)
