"""The catalogue of commands is complete: phrase, target, duration, and README's table of faults.

The other places that know each command have tests beside them: its rate in
``tests/simulator/fuzz/test_generator.py``, its effect in ``tests/simulator/world/test_faults.py``.
"""

from collections.abc import Iterator
from typing import Literal, get_args

import msgspec
import pytest

from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.recording import commands
from gnomon.specs.recording.commands import (
    CATALOGUE,
    COMMANDS,
    Command,
    CommandBase,
    Create,
    CutServer,
    DisturbServer,
    DriftClock,
    EmptyStore,
    Fault,
    JobCommand,
    LastingFault,
    LoseWrites,
    PauseServer,
    StepClock,
    StepStoreClock,
    StopStore,
    edit,
)
from gnomon.specs.recording.keys import keys_of
from gnomon.specs.recording.model import Recording
from gnomon.specs.render.tables import span
from tests.support.paths import ROOT

PHRASES: list[tuple[Fault, str]] = [
    (PauseServer(at=0, server="s1", duration=SECOND), "s1 is suspended for 1 s"),
    (
        CutServer(at=0, server="s1", duration=SECOND),
        "s1 is cut off from the store for 1 s: requests and replies are lost",
    ),
    (
        CutServer(at=0, server="s1", duration=SECOND, lose="requests"),
        "s1 is cut off from the store for 1 s: requests are lost",
    ),
    (
        DisturbServer(at=0, server="s1", duration=SECOND, lose=5, repeat=6, delay=7),
        (
            "s1's links are disturbed for 1 s: "
            "5 % of messages are lost, 6 % are repeated, each is delayed by up to 7 µs"
        ),
    ),
    (
        DisturbServer(at=0, server="s1", duration=SECOND, repeat=6),
        "s1's links are disturbed for 1 s: 6 % are repeated",
    ),
    (StepClock(at=0, server="s1", by=SECOND), "s1's clock jumps forward by 1 s"),
    (StepClock(at=0, server="s1", by=-SECOND), "s1's clock jumps back by 1 s"),
    (
        DriftClock(at=0, server="s1", duration=SECOND, gains=9),
        "s1's clock gains 9 µs a second for 1 s",
    ),
    (
        DriftClock(at=0, server="s1", duration=SECOND, gains=-9),
        "s1's clock loses 9 µs a second for 1 s",
    ),
    (StopStore(at=0, duration=SECOND), "the store is unreachable for 1 s"),
    (StepStoreClock(at=0, by=SECOND), "the store's clock jumps forward by 1 s"),
    (StepStoreClock(at=0, by=-SECOND), "the store's clock jumps back by 1 s"),
    (LoseWrites(at=0, writes=1), "the store loses the last write that it had acknowledged"),
    (LoseWrites(at=0, writes=2), "the store loses the last 2 writes that it had acknowledged"),
    (EmptyStore(at=0), "the store loses all its data"),
]


@pytest.mark.parametrize(("fault", "phrase"), PHRASES, ids=lambda value: str(value)[:20])
def test_a_fault_has_a_phrase(fault: Fault, phrase: str) -> None:
    assert fault.phrase(span) == phrase


def test_every_fault_has_a_phrase() -> None:
    assert {type(fault) for fault, _ in PHRASES} == set(get_args(Fault))


def concrete(kind: type[CommandBase]) -> Iterator[type[CommandBase]]:
    """The types below `kind` that have none below them."""
    below = kind.__subclasses__()
    for each in below:
        yield from concrete(each)
    if not below:
        yield kind


def test_every_type_of_a_command_is_in_the_catalogue() -> None:
    assert set(concrete(CommandBase)) == set(CATALOGUE)
    assert list(COMMANDS.values()) == list(CATALOGUE)
    assert all(tag == kind.__struct_config__.tag for tag, kind in COMMANDS.items())


def test_a_fault_that_has_a_duration_is_a_lasting_one() -> None:
    lasting = {kind for kind in CATALOGUE if "duration" in kind.__struct_fields__}
    assert lasting == {kind for kind in CATALOGUE if issubclass(kind, LastingFault)}
    assert lasting <= set(get_args(Fault))


@pytest.mark.parametrize("kind", CATALOGUE)
def test_a_command_belongs_to_one_part_of_the_cluster(kind: type[Command]) -> None:
    assert kind.part in get_args(commands.Part)
    key = {"job": "job", "store": None, "cluster": None}.get(kind.part, "server")
    assert {"job", "server"} & {*kind.__struct_fields__} == ({key} if key else set())


def test_an_edit_sets_fields_and_removes_them() -> None:
    fields = {"seconds": 5, "extra": None, "repeats": None}
    change = edit(7, "a", fields)
    assert (change.set, change.unset) == ({"seconds": 5}, ("extra", "repeats"))
    assert change.fields == fields


def test_a_created_job_starts_at_once_unless_it_says_when() -> None:
    at = {"start_date": "1970-01-01T00:00:00Z"}
    later = {"start_date": "2026-01-01T00:00:00Z"}
    assert Create(at=0, job="a", set={"seconds": 1}).fields == {"seconds": 1} | at
    assert Create(at=0, job="a", set=later | {"seconds": 1}).fields == later | {"seconds": 1}


# --- the digest of a recording, which histories contain


@pytest.mark.parametrize(
    ("command", "meaning"),
    [
        (
            StopStore(at=5, duration=7),
            b'{"at":5,"do":"stop_store","fault":{"for":7},"fields":{},"target":"store"}',
        ),
        (
            CutServer(at=5, server="s1", duration=7),
            b'{"at":5,"do":"cut_server","fault":{"for":7,"lose":"both"},"fields":{},"target":"s1"}',
        ),
        (
            commands.StopServer(at=5, server="s1"),
            b'{"at":5,"do":"stop_server","fault":null,"fields":{},"target":"s1"}',
        ),
        (
            edit(5, "a", {"seconds": 2, "extra": None}),
            b'{"at":5,"do":"edit","fault":null,"fields":{"extra":null,"seconds":2},"target":"a"}',
        ),
    ],
)
def test_the_digest_keeps_its_form(
    command: Command, meaning: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[bytes] = []
    encode = msgspec.json.encode

    def noting(value: object, *, order: Literal["sorted"]) -> bytes:
        encoded.append(encode(value, order=order))
        return encoded[-1]

    monkeypatch.setattr(msgspec.json, "encode", noting)
    assert Recording(start=0, until=9, commands=(command,)).digest
    assert b'"commands":[' + meaning + b"]" in encoded[0]


# --- README


def readme_table() -> str:
    """README's table of faults."""
    lines = [
        "| `do` | part | effect | keys beside `at` and `server` |",
        "| --- | --- | --- | --- |",
    ]
    for tag, kind in COMMANDS.items():
        if issubclass(kind, JobCommand):
            continue
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        own = [name for name in keys_of(kind) if name not in {"at", "server"}]
        keys = "; ".join(f"`{name}`: {description(fields[name].type)}" for name in own)
        effect = (kind.__doc__ or "").removesuffix(".")
        lines.append(f"| `{tag}` | {kind.part} | {effect} | {keys} |".replace("  |", " |"))
    return "\n".join(lines) + "\n"


def description(annotation: object) -> str:
    """The description of a field, as the end of a sentence."""
    metas = [meta for meta in getattr(annotation, "__metadata__", ()) if meta.description]
    text = str(metas[-1].description).removesuffix(".")
    return text[0].lower() + text[1:]


def test_readme_has_the_table_of_the_catalogue() -> None:
    expected = readme_table()
    assert expected in (ROOT / "README.md").read_text("utf-8"), (
        f"README's table of faults is to be:\n\n{expected}"
    )
