"""The sources of a search: which recording each seed stands for.

The one idea: a search needs nothing but a recording for each seed. So recordings that are drawn and
recordings near given ones are searched, shrunk and explained alike, on any number of machines.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz import generator, neighbours
from gnomon.specs.recording.model import Recording


class Source(Protocol):
    """A source of recordings, one for each seed; it can be sent to other processes."""

    def recording(self, seed: int) -> Recording:
        """The recording of that seed, the same whenever and wherever it is asked for."""
        ...


class Drawn(NamedTuple):
    """The recordings that the generator draws, on clusters of one delivery `profile`."""

    profile: Profile = "durable"

    def recording(self, seed: int) -> Recording:
        """The recording that is drawn from that seed."""
        return generator.drawn_from(seed, self.profile)


class Near(NamedTuple):
    """Neighbours of the `originals`, on clusters of one delivery `profile`, or of any if None."""

    originals: Sequence[Recording]
    profile: Profile | None = None

    def recording(self, seed: int) -> Recording:
        """The neighbour that is drawn from that seed."""
        return neighbours.drawn_near(seed, self.originals, self.profile)
