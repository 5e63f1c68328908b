"""The prediction: a history of a live cluster, replayed in a cluster of any shape.

The one idea: this is ``gnomon replay HISTORY --workers W``, with more time for a smaller cluster to
end its work.
"""

from msgspec.structs import replace

from gnomon.reference.history import History
from gnomon.reference.schedule.clock import MINUTE
from gnomon.simulator.world.replay import replay
from gnomon.specs.importers.history import reconstruct
from tests.twin.cluster.live import Shape

TIME_TO_END = 10 * MINUTE
"""The time in which a smaller cluster may end its work (µs)."""


def predict(history: History, shape: Shape) -> History:
    """What a cluster of `shape` does with the jobs of a history."""
    recording = reconstruct(history)
    cluster = replace(recording.cluster, servers=shape.servers, workers=shape.workers)
    until = recording.until + TIME_TO_END
    return replay(replace(recording, cluster=cluster, until=until))
