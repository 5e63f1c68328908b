"""Histories, written and read: byte for byte the same, and nothing that was altered is accepted."""

import hashlib
import io
import json
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from gnomon.reference import events, history
from gnomon.reference.events import LONGEST_RECORDED_PAYLOAD, Event, Instant, recorded_payload
from gnomon.reference.history import FORMAT, NO_END, Header, History, HistoryError, Writer
from gnomon.reference.schedule.clock import FIRST_INSTANT, LAST_INSTANT
from tests.support.strategies import texts

KINDS: tuple[type[Event], ...] = get_args(Event)
HEADER = b'{"format":"gnomon-history/1","start":0,"end":10}'
NEWER = HEADER.replace(b"/1", b"/2")
CREATED = b'{"seq":1,"kind":"job_created","at":5,"job":"a","name":"a","definition":{"x":%s}}'
DELETED = b'{"seq":1,"kind":"job_deleted","at":5,"job":"a"}'

STARTED = b'{"seq":1,"kind":"server_started","at":5,"server":"s","workers":%d}'

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
    max_leaves=5,
)


def values_of(kind: Any) -> SearchStrategy[Any]:
    """Values that a field of an event or of a header may have."""
    if kind is int:
        return st.integers(0, 2**40)
    if kind is str:
        return texts()
    if kind in (bool, Any):
        return st.booleans() if kind is bool else json_values
    if kind == Instant:
        return st.sampled_from([FIRST_INSTANT, LAST_INSTANT]) | st.integers(0, LAST_INSTANT)
    if get_origin(kind) is Annotated:
        (limits,) = kind.__metadata__
        return st.integers(limits.ge or 0, limits.le or 2**40)
    arguments = get_args(kind)
    if isinstance(kind, UnionType) or get_origin(kind) is Union:
        return st.one_of(*(st.none() if k is type(None) else values_of(k) for k in arguments))
    if get_origin(kind) is Literal:
        return st.sampled_from(arguments)
    if get_origin(kind) is tuple:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    assert get_origin(kind) is dict
    return st.dictionaries(texts(), values_of(arguments[1]), max_size=3)


def structs(kind: type[msgspec.Struct]) -> SearchStrategy[Any]:
    """Events of one kind, every field of any value."""
    fields = {field.name: values_of(field.type) for field in msgspec.structs.fields(kind)}
    if kind is events.WritesLost:  # what it undoes depends on its place
        fields["undone"] = st.just(())
    return st.builds(kind, **fields)


any_event = st.one_of(*map(structs, KINDS))
headers = st.builds(
    Header,
    start=st.just(FIRST_INSTANT),
    end=st.just(LAST_INSTANT),
    lease=st.none() | st.integers(1, 2**40),
    travel=st.none() | st.integers(0, 2**40),
    seed=st.none() | st.integers(0, 2**63 - 1),
    recording=st.none() | texts(),
    versions=st.dictionaries(texts(), texts(), max_size=2),
)
histories = st.builds(History, headers, st.lists(any_event, max_size=6))


def written(told: History) -> bytes:
    file = io.BytesIO()
    history.write(told, file)
    return file.getvalue()


def read(data: bytes) -> History:
    return history.read(io.BytesIO(data))


def fault_in(data: bytes) -> str:
    with pytest.raises(HistoryError) as raised:
        read(data)
    assert str(raised.value).startswith(f"line {raised.value.line}: ")
    return str(raised.value)


def sealed(*lines: bytes) -> bytes:
    """A file whose end line fits, whatever the other lines are."""
    body = b"".join(line + b"\n" for line in lines)
    digest = hashlib.sha256(body).hexdigest()
    return body + b'{"kind":"end","events":%d,"sha256":"%s"}\n' % (len(lines) - 1, digest.encode())


def with_a_loss(undone: str) -> bytes:
    """Three events, the second of which is a loss of writes that undoes those numbers."""
    lost = f'"kind":"writes_lost","at":5,"writes":1,"since":4,"undone":[{undone}],"reopened":[]'
    return sealed(HEADER, DELETED, f'{{"seq":2,{lost}}}'.encode(), DELETED.replace(b"1", b"3"))


# --- what is whole


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_every_kind_of_event_reads_back_as_it_was_written(
    kind: type[Event], data: st.DataObject
) -> None:
    event = data.draw(structs(kind))
    told = History(Header(start=event.at, end=event.at), [event])
    assert read(written(told)) == told


@given(histories)
def test_a_history_reads_back_and_is_written_again_byte_for_byte(told: History) -> None:
    data = written(told)
    assert read(data) == told
    assert written(read(data)) == data


@given(histories)
def test_the_lines_are_as_the_design_says(told: History) -> None:
    *body, last = written(told).splitlines(keepends=True)
    lines = [json.loads(line) for line in body]
    assert lines[0]["format"] == FORMAT
    assert [line["seq"] for line in lines[1:]] == list(range(1, len(told.events) + 1))
    assert json.loads(last) == {
        "kind": "end",
        "events": len(told.events),
        "sha256": hashlib.sha256(b"".join(body)).hexdigest(),
    }


@pytest.mark.parametrize("count", [0, 1, Writer.CHUNK - 1, Writer.CHUNK, 2 * Writer.CHUNK + 1])
def test_the_digest_does_not_depend_on_a_file(count: int) -> None:
    told = History(Header(start=0, end=count), [events.JobDeleted(n, "α") for n in range(count)])
    assert history.write(told) == json.loads(written(told).splitlines()[-1])["sha256"]
    assert read(written(told)) == told


def test_a_loss_of_writes_undoes_what_had_happened() -> None:
    assert [type(event) for event in read(with_a_loss("1")).events] == [
        events.JobDeleted,
        events.WritesLost,
        events.JobDeleted,
    ]


def test_a_history_of_another_writer() -> None:
    lines = (
        b'{ "end" : 10, "start":0, "format":"gnomon-history/1"}',
        b'\t{"kind": "job_deleted", "job": "\\u0061", "at": 5, "seq": 1} ',
    )
    assert read(sealed(*lines)) == History(Header(start=0, end=10), [events.JobDeleted(5, "a")])


# --- what is not: every alteration of a file


def sample() -> bytes:
    """A history short enough to be altered in every place."""
    return written(
        History(
            Header(start=0, end=10, seed=1, versions={"gnomon": "0"}),
            [
                events.JobCreated(0, "a", "ä", {"name": "ä", "extra": "\n"}),
                events.Claimed(1, 1, "s1", 1, 1),
                events.Finished(10, 1, "s1", 1, 1, "failed", "E: 0"),
            ],
        )
    )


def test_every_flipped_bit_is_recognised() -> None:
    data = bytearray(sample())
    for position in range(len(data)):
        for bit in range(8):
            data[position] ^= 1 << bit
            fault_in(bytes(data))
            data[position] ^= 1 << bit


@given(histories, st.data())
def test_any_other_byte_in_any_place_is_recognised(told: History, choice: st.DataObject) -> None:
    data = bytearray(written(told))
    position = choice.draw(st.integers(0, len(data) - 1))
    other = st.sampled_from(b' \n\r\t"{}[]:,\\0') | st.integers(0, 255)
    data[position] = choice.draw(other.filter(lambda byte: byte != data[position]))
    fault_in(bytes(data))


def test_every_place_to_cut_is_recognised() -> None:
    data = sample()
    for length in range(len(data)):
        fault_in(data[:length])
    assert fault_in(data[:-1]) == "line 5: the end line is cut short; copy the file byte for byte"
    assert fault_in(data[: data.rindex(b"\n", 0, -1) + 1]) == f"line 4: {NO_END}"


def test_every_byte_inserted_anywhere_is_recognised() -> None:
    data = sample()
    end_line = data.rindex(b"\n", 0, -1) + 1
    for position in range(len(data) + 1):
        # In the end line, which no digest covers, a blank is as good as none.
        for byte in b'\n"{}0' + (b" \r\t" if position < end_line else b""):
            fault_in(data[:position] + bytes([byte]) + data[position:])


@given(histories)
def test_any_line_that_is_missing_doubled_or_elsewhere_is_recognised(told: History) -> None:
    lines = written(told).splitlines(keepends=True)
    places = range(len(lines))
    for one in places:
        fault_in(b"".join(lines[:one] + lines[one + 1 :]))
        for other in places:
            fault_in(b"".join([*lines[:other], lines[one], *lines[other:]]))
            if one < other:
                swapped = lines.copy()
                swapped[one], swapped[other] = swapped[other], swapped[one]
                fault_in(b"".join(swapped))


@given(histories, histories)
def test_two_histories_are_not_one(first: History, second: History) -> None:
    fault_in(written(first) + written(second))


# --- what is not: each with a message that says what to do

BEGINS = 'a history begins with {"format": "gnomon-history/1", …}; this is something else'
OTHER_FORMAT = "the format is 'gnomon-history/2', this program reads 'gnomon-history/1'"
CANNOT = "line 2: the event cannot be read:"
NESTED = b"[" * 100_000


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", 'line 1: the file is empty; a history begins with {"format": "gnomon-history/1"}'),
        (b"\n", f"line 1: {BEGINS}"),
        (b"\x00" * 1000, f"line 1: {BEGINS}"),
        (b"Dear Sir,\nyours\n", f"line 1: {BEGINS}"),
        (b"\xff\xfe{\x00", f"line 1: {BEGINS}"),
        (sealed(NESTED), f"line 1: {BEGINS}"),
        (sealed(b'{"format":null}'), f"line 1: {BEGINS}"),
        (sealed(b'{"format":"gnomon-recording/1"}'), f"line 1: {BEGINS}"),
        (sealed(NEWER, b'{"n":1}'), f"line 1: {OTHER_FORMAT}: use the gnomon that wrote it"),
        (sealed(b'{"format":"gnomon-history/1"}'), "line 1: the header cannot be read: Object"),
        (sealed(HEADER.replace(b"10", b'"x"')), "line 1: the header cannot be read: Expected"),
        (sealed(HEADER.replace(b"10", b"-1")), "line 1: the header cannot be read: end lies"),
        (sealed(HEADER.replace(b"10", b"1" * 20)), "line 1: the header cannot be read: Expected"),
        (HEADER + b"\n", f"line 1: {NO_END}"),
        (HEADER + b"\n" + DELETED + b"\n", f"line 2: {NO_END}"),
        (sealed(HEADER, DELETED, HEADER), "line 3: seq is None where 2 was expected: a line"),
        (sealed(HEADER, DELETED, DELETED), "line 3: seq is 1 where 2 was expected: a line is"),
        (sealed(HEADER, DELETED) * 2, "line 3: the end line stands before the last line"),
        (sealed(HEADER, DELETED).replace(b"\n", b"\r\n"), "line 3: the line ends have been ch"),
        (sealed(HEADER, DELETED).replace(b"1,", b"2,"), "line 2: seq is 2 where 1 was expected"),
        (sealed(HEADER).replace(b"0,", b"1,"), "line 2: the end line counts 1 events, the fil"),
        (sealed(HEADER, DELETED).replace(b'"a"', b'"b"'), "line 3: the digest does not fit: a"),
        (sealed(HEADER, DELETED.replace(b"job_d", b"j")), f"{CANNOT} Invalid value 'jeleted'"),
        (sealed(HEADER, DELETED.replace(b'"job"', b'"x"')), f"{CANNOT} Object contains unknown"),
        (
            sealed(HEADER, DELETED.replace(b"5", b"11")),
            "line 2: at is 11, 1970-01-01T00:00:00.000011Z; ",
        ),
        (
            sealed(HEADER, DELETED.replace(b"5", b"-1")),
            "line 2: at is -1, 1969-12-31T23:59:59.999999Z; ",
        ),
        (sealed(HEADER, DELETED.replace(b"5", b"5.5")), f"{CANNOT} Expected `int`, got `float`"),
        (sealed(HEADER, DELETED.replace(b"5", b"true")), f"{CANNOT} Expected `int`, got `bool`"),
        (sealed(HEADER, DELETED.replace(b"5", b"1e999")), f"{CANNOT} Number out of range"),
        (sealed(HEADER, DELETED.replace(b"5", b"9" * 20)), f"{CANNOT} Expected `int` <= 25340"),
        (sealed(HEADER, DELETED.replace(b"5", b"-" + b"9" * 20)), f"{CANNOT} Expected `int` >="),
        (sealed(HEADER, DELETED.replace(b"5", b"9" * 9_999)), CANNOT),
        (sealed(HEADER, DELETED.replace(b"}", b',"x":1}')), f"{CANNOT} Object contains unknown"),
        (sealed(HEADER, CREATED % NESTED), "line 2: the line is nested deeper than any event"),
        (sealed(HEADER, DELETED.replace(b"a", b"\xff")), "line 2: the line is not UTF-8; the fi"),
        (sealed(HEADER, DELETED.replace(b"a", b"\\ud800")), "line 2: the line is not JSON: "),
        (sealed(HEADER, b""), "line 2: the line is not JSON: "),
        (sealed(HEADER, b"5"), f"{CANNOT} Expected `object`, got `int`"),
        (sealed(HEADER.replace(b"}", b',"lease":0}')), "line 1: the header cannot be read: Expec"),
        (sealed(HEADER.replace(b"}", b',"travel":-1}')), "line 1: the header cannot be read: Exp"),
        (sealed(HEADER, STARTED % 2**31), f"{CANNOT} Expected `int` <= 2147483647 - at `$.work"),
        (
            with_a_loss("0"),
            "line 3: the event cannot be read: Expected `int` >= 1 - at `$.un",
        ),
        (
            with_a_loss("1,2"),
            "line 3: undone names event 2, which does not come before this one: ",
        ),
        (with_a_loss("3"), "line 3: undone names event 3, which does not come before this one"),
        (with_a_loss(str(2**70)), f"line 3: undone names event {2**70}, which"),
    ],
)
def test_what_is_no_history(data: bytes, fault: str) -> None:
    assert fault_in(data).startswith(fault)


@given(st.lists(json_values | st.binary(), max_size=4))
def test_whatever_the_lines_are_it_is_a_history_or_told_of(lines: list[Any]) -> None:
    encoded = [v if isinstance(v, bytes) else msgspec.json.encode(v) for v in lines]
    fault_in(b"\n".join(encoded))
    for position, line in enumerate(encoded, 1):
        if b"\n" not in line:
            fault_in(sealed(HEADER, *[DELETED] * (position - 1), line))


# --- payloads


@given(texts())
def test_a_short_payload_is_quoted(payload: str) -> None:
    assert len(payload) > LONGEST_RECORDED_PAYLOAD or recorded_payload(payload) == payload


@pytest.mark.parametrize("letter", ["x", "α", "\U0001d6fc", "\0", "\ud800"])
def test_a_long_payload_is_named_by_digest_and_length(letter: str) -> None:
    assert recorded_payload(letter * LONGEST_RECORDED_PAYLOAD) == letter * LONGEST_RECORDED_PAYLOAD
    long = letter * (LONGEST_RECORDED_PAYLOAD + 1)
    digest = hashlib.sha256(long.encode("utf-8", "surrogatepass")).hexdigest()
    assert recorded_payload(long) == f"sha256:{digest}:257"
    assert recorded_payload(long) != recorded_payload(long + letter)
    assert recorded_payload(None) is None
