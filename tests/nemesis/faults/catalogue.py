"""The kinds of faults as data: their place, their duration, and how the product must report them.

The one idea: a fault that nobody reports is a defect, even if it costs nothing. So each kind names
the words that the log and the health of a server must contain within five seconds, or a reason why
none are due.
"""

from typing import Literal

import msgspec

from gnomon.reference.schedule.clock import SECOND

Kind = Literal[
    "kill",
    "stop",
    "pause",
    "cut both ways",
    "cut requests",
    "cut replies",
    "delay",
    "reset",
    "kill the store",
    "pause the store",
    "fail over",
    "kill the primary",
    "evicting policy",
    "out of memory",
    "kill the embedded store",
    "fill the disk",
    "empty the store",
    "set the store's clock ahead",
    "other zone rules",
    "poison run",
]

Place = Literal["server", "store", "everything"]
"""A fault of the store may overlap those of servers; one of everything overlaps no other.

A store that throws data away is a fault of everything: a server that starts meanwhile refuses it.
"""

Cost = Literal[
    "time",
    "everything before",
    "what was due later than the corrected clock",
    "the poisonous message",
]
"""The most that a fault may cost: what ``specs/scheduler.md`` allows, and the trial checks.

    time                   work is late, and runs are repeated; no occurrence and no message is lost
    everything before      the store forgets all; whatever comes later is complete
    the poisonous…         it is dead-lettered after its attempts, and its servers die meanwhile
    what was due later…    such occurrences may have a second outcome, when they are due
"""

WITHIN = 5 * SECOND
"""A fault is in the log and in the health within this time (µs)."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a fault: one of the texts `logged`, and one of the texts in the `health`.

    `by` the server that has the fault, or by every server that has none. A fault that lasts less
    than `leases` leases may end before a server has noticed it.
    """

    logged: tuple[str, ...]
    health: tuple[str, ...]
    by: Literal["target", "others"] = "others"
    leases: int = 1


class Events(msgspec.Struct, frozen=True):
    """The kinds of events by which a history records a fault itself: each fault has one of them."""

    kinds: tuple[str, ...]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of fault; its report, or the reason why none is due.

    `recorded` is the fault that the history names from before its beginning until after its end, so
    that the rules allow it the time that it costs. None: it changes nothing that they judge.

    It lasts a part of a lease or up to two leases, as the plan draws it, and at least `shortest`
    (µs). `end_report` is due when it has ended.
    """

    on: Place
    recorded: str | Events | None
    report: Expected | str
    end_report: Expected | None = None
    shortest: int = 0
    costs: Cost = "time"


def _same(*texts: str, by: Literal["target", "others"] = "others", leases: int = 1) -> Expected:
    """A report with the same texts in log and health."""
    return Expected(logged=texts, health=texts, by=by, leases=leases)


_SILENT = "the store does not answer in time"
_BROKEN = "the connection to the store broke"
_AWAY = "the store cannot be reached"
_READ_ONLY = "takes no writes"
_RESTARTED = "the store was restarted or failed over"

_CUT = _same(_SILENT, _BROKEN, by="target")

FAULTS: dict[Kind, Fault] = {
    "kill": Fault(
        on="server", recorded=Events(("server_crashed",)), report="it cannot report its own end"
    ),
    "stop": Fault(
        on="server",
        recorded=Events(("server_stopped", "server_crashed")),  # the latter if the store is away
        report="an operator wants it",
    ),
    "pause": Fault(on="server", recorded="pause_server", report="a paused process reports nothing"),
    "cut both ways": Fault(on="server", recorded="cut_server", report=_CUT),
    "cut requests": Fault(on="server", recorded="cut_server", report=_CUT),
    "cut replies": Fault(on="server", recorded="cut_server", report=_CUT),
    "delay": Fault(on="server", recorded="disturb_server", report="calls succeed, only later"),
    "reset": Fault(
        on="server", recorded="disturb_server", report="the next call has a new connection"
    ),
    "kill the store": Fault(
        on="store", recorded="stop_store", report=_same(_BROKEN, _AWAY, _RESTARTED, leases=0)
    ),
    "pause the store": Fault(on="store", recorded="stop_store", report=_same(_SILENT)),
    "fail over": Fault(on="store", recorded="stop_store", report=_same(_RESTARTED, leases=0)),
    "kill the primary": Fault(
        on="store",
        recorded="stop_store",
        report=_same(_BROKEN, _AWAY, _READ_ONLY, _RESTARTED, leases=0),
    ),
    "evicting policy": Fault(
        on="everything",
        recorded=None,  # nothing is evicted while the memory suffices
        report=Expected(
            logged=("maxmemory-policy is allkeys-lru; CONFIG SET maxmemory-policy noeviction",),
            health=("throws away jobs and messages",),
        ),
        shortest=WITHIN,
    ),
    "out of memory": Fault(
        on="store",
        recorded="stop_store",
        report=_same("the store takes no more data"),
        shortest=WITHIN,
    ),
    "kill the embedded store": Fault(
        on="store",
        recorded="stop_store",
        report=Expected(
            logged=("the embedded store is down: its server was killed by signal 9",),
            health=(_RESTARTED, "the embedded store is down"),
            leases=0,
        ),
    ),
    "fill the disk": Fault(
        on="store",
        recorded="stop_store",
        report=Expected(
            logged=("No space left on device; make space there",),
            health=("the embedded store is down: no space left",),
        ),
        shortest=WITHIN,
    ),
    "empty the store": Fault(
        on="everything",
        recorded=Events(("store_replaced",)),
        report=Expected(
            logged=("the store was emptied or replaced",), health=("store_replaced",), leases=0
        ),
        costs="everything before",
    ),
    "set the store's clock ahead": Fault(
        on="store",
        recorded="step_store_clock",
        report=_same("ahead of this server's", leases=0),
        end_report=Expected(
            logged=("the store's clock was set back by",), health=("clock_set_back",)
        ),
        shortest=2 * WITHIN,
        costs="what was due later than the corrected clock",
    ),
    "other zone rules": Fault(
        on="everything",
        recorded=None,  # it is not disturbed; the pauses of the others are recorded as such
        report=_same("the servers differ in their time zone database", leases=0),
    ),
    "poison run": Fault(
        on="everything",
        recorded=Events(("dead_lettered",)),
        report=Expected(logged=("is dead-lettered",), health=("dead letters",), leases=0),
        costs="the poisonous message",
    ),
}
