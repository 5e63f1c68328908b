"""Whether the histories of a trial record each fault that was injected: pure.

The one idea: a rule gives time to the faults that it knows of. One that no event records makes a
fair cluster look guilty.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from gnomon.reference.events import Event, FaultBegan, FaultEnded, kind_of
from tests.nemesis.faults.catalogue import FAULTS, Kind


def unrecorded(injected: Mapping[Kind, int], histories: Sequence[Sequence[Event]]) -> Iterator[str]:
    """The faults of which the histories have fewer records than were `injected`, or no end."""
    happened = [event for history in histories for event in history]
    began = Counter((event.fault, event.target) for event in happened if type(event) is FaultBegan)
    ended = Counter((event.fault, event.target) for event in happened if type(event) is FaultEnded)
    kinds = Counter(map(kind_of, happened))
    needed: Counter[frozenset[str]] = Counter()
    named: Counter[str] = Counter()
    for kind, times in injected.items():
        recorded = FAULTS[kind].recorded
        if isinstance(recorded, str):
            named[recorded] += times
        elif recorded is not None:
            needed[frozenset(recorded.kinds)] += times
    for records in needed:
        # An event that may record either of two kinds of faults records one of them.
        times = sum(count for others, count in needed.items() if others <= records)
        there = sum(kinds[each] for each in records)
        if there < times:
            yield f"{times} faults need one of {sorted(records)} each, and the history has {there}"
    for fault, times in named.items():
        there = sum(count for (name, _), count in began.items() if name == fault)
        if there < times:
            yield f"{fault} was injected {times} times, and the history has {there} of them"
    if began != ended:
        yield f"the history has the beginnings {dict(began)}, and the ends {dict(ended)}"
