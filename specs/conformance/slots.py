"""For which due instant a run stands, if the scheduler does not name it.

The one idea: a run stands for its slot, the latest due instant up to its beginning, whether or not
another run does. So two processes that both run everything are blamed for doubles (PUB-1), and not
for runs off the grid. ``specs/scheduler.md`` defines it under "Partial histories".
"""

from gnomon.reference import oracle
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import DAY, HOUR, MINUTE

WINDOWS = (2 * MINUTE, HOUR, DAY, 32 * DAY, 366 * DAY, 5 * 366 * DAY)
"""How far back a due instant is looked for, step by step (µs); a long way back takes long."""


def latest_due(definition: Definition, at: int) -> int | None:
    """The latest instant up to `at` at which a definition is due (µs, UTC); None if there is none.

    It is not looked for earlier than five years before.
    """
    for window in WINDOWS:
        first = max(definition.start_date, at - window)
        if instants := list(oracle.due_instants(definition, first, at + 1)):
            return instants[-1]
        if first == definition.start_date:
            break
    return None


class Slots:
    """The slots of one job, as its runs take them. Instants in µs, UTC, none before an earlier one.

    `lateness` is how late a run may begin after it was due. `up_since` is when the scheduler came
    to be there; it is set whenever that happens.
    """

    def __init__(self, lateness: int, up_since: int) -> None:
        self.lateness = lateness
        self.up_since = up_since
        self._definition: Definition | None = None
        self._defined_at = up_since
        self._taken: dict[int, int] = {}
        """When the first run for an instant began."""

    def define(self, definition: Definition | None, at: int) -> None:
        """The job has this definition from the instant `at` on; None: one that is not judged."""
        self._definition, self._defined_at = definition, at

    def take(self, at: int) -> int | None:
        """For which due instant a run stands that began at `at`; None if for none."""
        slot = self._slot_of(at)
        if slot is not None:
            self._taken.setdefault(slot, at)
        return slot

    def name(self, due: int, at: int) -> None:
        """A run began at `at` that stands for `due`, as the scheduler says."""
        self._taken.setdefault(due, at)

    def _slot_of(self, at: int) -> int | None:
        definition = self._definition
        slot = None if definition is None else latest_due(definition, at)
        if definition is None or slot is None:
            return None
        is_new = at - self.up_since <= self.lateness
        if is_new and definition.misfire == "all":
            missed = self._earliest_missed(definition)
            return slot if missed is None else missed
        if at - slot <= self.lateness:
            # A scheduler that came to be there when the job was due may also make up for a misfire.
            if is_new and slot in self._taken and slot >= self.up_since > self._defined_at:
                missed = latest_due(definition, self.up_since - 1)
                return slot if missed is None or missed in self._taken else missed
            return slot
        counts_from = max(self.up_since, self._defined_at)
        is_late = at - max(slot, counts_from) > self.lateness
        return None if is_late or self._taken.get(slot, at) < counts_from else slot

    def _earliest_missed(self, definition: Definition) -> int | None:
        """The earliest instant without a run that was missed before the scheduler was there."""
        latest = max((due for due in self._taken if due < self.up_since), default=None)
        first = self._defined_at if latest is None else latest + 1
        return next(oracle.due_instants(definition, first, self.up_since), None)
