"""Calls an adapter in this process, and answers as the process of an adapter does: level next.

The one idea: what an adapter raises becomes the same reply as over the protocol, so that the
verdicts are the same, too. There is no limit of time here: a hang hangs the tests.
"""

import os
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from gnomon.reference.schedule.clock import from_datetime, read_instant, to_datetime, write_instant
from gnomon.specs.conformance import protocol
from gnomon.specs.conformance.protocol import Answer
from gnomon.specs.vectors.next_cases import Case, Kind

Functions = Mapping[Kind, Callable[..., Iterable[datetime]]]
"""The function that answers about each kind of definition; its arguments are those of the kit."""

_KIT_NAMES = ("Refused", "Unsupported", "Horizon")


class Caller:
    """Asks functions for instants while the process has a time zone.

    An exception of the classes `refuses` means that the scheduler refuses the definition.
    """

    def __init__(
        self, functions: Functions, refuses: tuple[type[Exception], ...], process_zone: str
    ) -> None:
        self._functions, self._refuses, self._zone = functions, refuses, process_zone
        self._seq = 0

    def ask(self, case: Case) -> Answer:
        """Ask for instants (as `AdapterProcess.ask`)."""
        self._seq += 1
        with process_zone(self._zone):
            return self._answer(case)

    def _answer(self, case: Case) -> Answer:
        try:
            found = self._functions[case.kind](*arguments(case))
            return protocol.Instants(self._seq, tuple(written(instant) for instant in found))
        except Exception as error:
            if _kit_name(error) != "Horizon" or isinstance(error, self._refuses):
                return reply_to(error, self._seq, self._refuses)
            instants, end = error.args
            return protocol.Instants(self._seq, tuple(map(written, instants)), written(end))


def arguments(case: Case) -> list[str | int | datetime]:
    """The question of a case, as the function of the kit for its kind gets it."""
    definition = [case.cron, case.every, _datetime(case.start), _datetime(case.at)]
    given = [*definition, case.zone, _datetime(case.after), case.count]
    return [one for one in given if one is not None]


def _datetime(text: str | None) -> datetime | None:
    return None if text is None else to_datetime(read_instant(text)).astimezone(UTC)


def reply_to(
    error: Exception, seq: int, refuses: tuple[type[Exception], ...]
) -> protocol.Refused | protocol.Unsupported | protocol.Error:
    """The reply to the request `seq`, for what an adapter raised."""
    name = _kit_name(error)
    if name == "Refused" or isinstance(error, refuses):
        return protocol.Refused(seq, str(error) or "refused")
    if name == "Unsupported":
        return protocol.Unsupported(seq, str(error))
    return protocol.Error(seq, "".join(traceback.format_exception(error, limit=-4)))


def _kit_name(error: Exception) -> str | None:
    """The name of an exception of ``adapter_kit``; the kit may be a copy in the user's project."""
    names = [kind.__name__ for kind in type(error).__mro__]
    return next((name for name in _KIT_NAMES if name in names), None)


def written(instant: datetime) -> str:
    """An instant of a scheduler as text. Raises TypeError if it has no time zone."""
    if instant.tzinfo is None:
        raise TypeError(f"{instant} has no time zone")
    return write_instant(from_datetime(instant.astimezone(UTC)))


@contextmanager
def process_zone(zone: str) -> Iterator[None]:
    """Let this process have the time zone `zone` (TZ), where the system can change it."""
    before = os.environ.get("TZ")
    _set_zone(zone)
    try:
        yield
    finally:
        _set_zone(before)


def _set_zone(zone: str | None) -> None:
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    if hasattr(time, "tzset"):
        time.tzset()
