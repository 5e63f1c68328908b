"""The latest faults of the cluster: ``/cluster/faults``.

The one idea: a fault that lasts is in the health of a server. One that is over is in the history,
among much else: this is the list of those.
"""

from typing import assert_never

import msgspec
from litestar import Router, get
from litestar.params import SkipValidation

from gnomon.reference.events import (
    ClockSetBack,
    LeaseExpired,
    ServerCrashed,
    StoreReplaced,
    WritesLost,
)
from gnomon.reference.live.api.errors import may_answer
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.schedule.clock import MILLISECOND, write_instant
from gnomon.reference.store.faults import Fault, FaultList, LatestFaults

Store = SkipValidation[Storage]


class FaultView(msgspec.Struct, frozen=True):
    """A fault: when it was recorded (RFC 3339, UTC), its kind in the history, and a sentence."""

    at: str
    kind: str
    text: str


class FaultsView(msgspec.Struct, frozen=True):
    """The latest faults, the latest first."""

    faults: tuple[FaultView, ...]


@get("/faults", sync_to_thread=True, responses=may_answer())
def list_faults(storage: Store) -> FaultsView:
    """Read the latest faults of the cluster, the latest first."""
    return FaultsView(tuple(map(view, faults(storage))))


def faults(storage: Storage) -> tuple[Fault, ...]:
    """The latest faults, the latest first. Raises StoreUnavailable."""
    reply = storage.ask(LatestFaults())
    assert isinstance(reply, FaultList)
    return reply.faults


def view(fault: Fault) -> FaultView:
    """A fault for people."""
    kind = str(type(fault).__struct_config__.tag)
    return FaultView(write_instant(fault.at), kind, _sentence(fault))


def _sentence(fault: Fault) -> str:
    match fault:
        case ServerCrashed(server=server, heard=heard):
            last = "" if heard is None else f"; last heard at {_instant(heard)}"
            return f"server {server} ended without leaving{last}"
        case LeaseExpired(server=server, epoch=epoch):
            return f"the lease of {server}, the leader of epoch {epoch}, ran out"
        case WritesLost():
            return "the store was restarted or failed over, and may have lost its latest writes"
        case StoreReplaced(server=server):
            return f"the store was emptied or replaced, as {server} noticed"
        case ClockSetBack(was=was):
            return f"the store's clock was ahead at {_instant(was)}, and was corrected"
    assert_never(fault)


def _instant(at: int) -> str:
    return write_instant(at // MILLISECOND * MILLISECOND)


router = Router("/cluster", route_handlers=[list_faults], tags=["cluster"])
