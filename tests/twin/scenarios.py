"""The scenarios: at which load a live cluster is recorded, and which cluster is predicted from it.

The one idea: a load is a share of what the predicted cluster can do. If the recorded cluster has
another shape, the predicted one runs the same load as well, live.
"""

from typing import NamedTuple

from tests.twin.cluster.live import Shape

SERVERS, WORKERS, FEWER_WORKERS = 3, 4, 2
COMPUTING = 10
"""The part of their time for which runs compute, in percent: on two cores no more than a core."""


class Scenario(NamedTuple):
    """A load, the shape of the cluster that is recorded, and that of the predicted one.

    The runs compute for `computing` percent of their time.
    """

    load: float
    recorded: Shape
    predicted: Shape
    computing: int = 0

    @property
    def busy(self) -> float:
        """The number of workers that the load keeps busy."""
        return self.load * self.predicted.total

    @property
    def is_modelled(self) -> bool:
        """Whether the prediction has to hold.

        It need not where runs that compute share cores and locks with more or fewer other runs: the
        simulator takes the times as they were observed.
        """
        return self.computing == 0 or self.recorded == self.predicted

    @property
    def title(self) -> str:
        """The scenario in words."""
        cluster = str(self.predicted)
        if self.recorded != self.predicted:
            cluster += f" from {self.recorded}"
        return f"{cluster}, {self.computing} % computing" if self.computing else cluster


_WIDE, _NARROW = Shape(SERVERS, WORKERS), Shape(SERVERS, FEWER_WORKERS)

SCENARIOS = (
    Scenario(0.5, _WIDE, _WIDE),
    Scenario(0.8, _WIDE, _WIDE),
    Scenario(1.1, _WIDE, _WIDE),
    Scenario(0.8, _WIDE, _NARROW),
    Scenario(1.0, _WIDE, _NARROW),
    Scenario(0.8, _WIDE, _WIDE, COMPUTING),
    Scenario(0.8, _WIDE, _NARROW, COMPUTING),
)
