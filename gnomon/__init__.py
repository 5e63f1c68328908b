"""Gnomon: an executable specification of clustered job schedulers.

The names below are all that most users need: `Service` for a module of services, and for scripts
the recordings, their replay, and the rules that judge a history.

    load_recording(name) -> Recording     a recording that ships, or one in a file
    replay(recording) -> History          what a simulated cluster does with it
    read_history(path) -> History         a history in a file, whoever made it
    write_history(history, path)          writes it
    judge(history) -> {id: Finding}       what every rule finds in it
    events                                the kinds of events that a history holds

For the tests of another scheduler:

    gnomon_conformance(adapter)           a pytest test for each case of the conformance suite

>>> from gnomon import events, judge, load_recording, replay
>>> history = replay(load_recording("overlap"))
>>> sum(isinstance(event, events.Published) for event in history.events)
60
>>> findings = judge(history)
>>> [rule for rule, finding in findings.items() if finding.violations]
[]
>>> findings["FIRE-2"].verdict, findings["FIRE-2"].examined
('holds', 60)

The one idea: importing this package imports nothing else. Each name is imported when it is first
used, so that the command and a module of services start without the parts that they do not need.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnomon.files import read_history, write_history
    from gnomon.reference import events
    from gnomon.reference.events import Event
    from gnomon.reference.history import Header, History, HistoryError
    from gnomon.reference.service import Service
    from gnomon.simulator.world.replay import replay
    from gnomon.specs.conformance.in_process.plugin import gnomon_conformance
    from gnomon.specs.recording.files import load as load_recording
    from gnomon.specs.recording.model import Recording
    from gnomon.specs.recording.reader import RecordingError
    from gnomon.specs.rules import Finding, Violation, judge

__all__ = [
    "Event",
    "Finding",
    "Header",
    "History",
    "HistoryError",
    "Recording",
    "RecordingError",
    "Service",
    "Violation",
    "events",
    "gnomon_conformance",
    "judge",
    "load_recording",
    "read_history",
    "replay",
    "write_history",
]

_ORIGINS = {
    "Event": ("gnomon.reference.events", "Event"),
    "Finding": ("gnomon.specs.rules", "Finding"),
    "Header": ("gnomon.reference.history", "Header"),
    "History": ("gnomon.reference.history", "History"),
    "HistoryError": ("gnomon.reference.history", "HistoryError"),
    "Recording": ("gnomon.specs.recording.model", "Recording"),
    "RecordingError": ("gnomon.specs.recording.reader", "RecordingError"),
    "Service": ("gnomon.reference.service", "Service"),
    "Violation": ("gnomon.specs.rules", "Violation"),
    "events": ("gnomon.reference.events", ""),
    "gnomon_conformance": ("gnomon.specs.conformance.in_process.plugin", "gnomon_conformance"),
    "judge": ("gnomon.specs.rules", "judge"),
    "load_recording": ("gnomon.specs.recording.files", "load"),
    "read_history": ("gnomon.files", "read_history"),
    "replay": ("gnomon.simulator.world.replay", "replay"),
    "write_history": ("gnomon.files", "write_history"),
}
"""By name: the module, and the name in it, or nothing for the module itself.

The imports above say the same to type checkers; a test compares the two.
"""


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


if not TYPE_CHECKING:  # a type checker would take any name for one that exists

    def __getattr__(name: str) -> object:
        """Import a name of `__all__` when it is first used (PEP 562)."""
        if name not in _ORIGINS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, attribute = _ORIGINS[name]
        origin = import_module(module)
        globals()[name] = value = getattr(origin, attribute) if attribute else origin
        return value
