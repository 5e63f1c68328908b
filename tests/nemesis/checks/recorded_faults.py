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
    began = Counter(event.fault for event in happened if type(event) is FaultBegan)
    ended = Counter(event.fault for event in happened if type(event) is FaultEnded)
    kinds = Counter(map(kind_of, happened))
    named: Counter[str] = Counter()
    for kind, times in injected.items():
        recorded = FAULTS[kind].recorded
        if isinstance(recorded, str):
            named[recorded] += times
        elif recorded is not None and sum(kinds[each] for each in recorded.kinds) < times:
            yield f"{kind!r} was injected {times} times, and the history has fewer records of it"
    for fault, times in named.items():
        if began[fault] < times:
            yield f"{fault} was injected {times} times, and the history has {began[fault]} of them"
    if began != ended:
        yield f"the history has the beginnings {dict(began)}, and the ends {dict(ended)}"
