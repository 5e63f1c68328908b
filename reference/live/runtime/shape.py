"""What a server is to be, and the settings on which all servers of a cluster must agree."""

import msgspec

from gnomon.reference.live.store.errors import StoreUnusable
from gnomon.reference.schedule.clock import write_duration
from gnomon.reference.schedule.zones import zone_database
from gnomon.reference.store.administration import AgreeSettings, RegisterServer, Settings
from gnomon.reference.store.messages import MAX_ATTEMPTS, Profile


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The name, workers and services of a server; `lease` and `grace` in µs.

    `slow_thresholds` are those of the services that have one of their own (ms). `grace` is how long
    runs may take to finish when the server is to leave. `max_attempts` is the number of attempts of
    a message before it is dead-lettered (DLV-2).
    """

    name: str
    workers: int
    services: tuple[str, ...]
    lease: int
    grace: int
    max_attempts: int = MAX_ATTEMPTS
    profile: Profile = "durable"
    slow_thresholds: tuple[tuple[str, int], ...] = ()

    def registration(self, process: int, since: int) -> RegisterServer:
        """How a process registers that started at the instant `since` (µs, UTC)."""
        tzdata, thresholds = zone_database(), self.slow_thresholds
        return RegisterServer(process, since, self.workers, self.services, tzdata, thresholds)

    @property
    def settings(self) -> AgreeSettings:
        """The settings that it proposes to the cluster."""
        return AgreeSettings(self.profile, self.lease, self.max_attempts)


def disagreement(agreed: Settings, proposed: AgreeSettings) -> StoreUnusable | None:
    """How the settings of a cluster differ from those that a server proposed; None if equal."""
    if agreed.profile != proposed.profile:
        return StoreUnusable(
            f"the store holds a cluster of the {agreed.profile} profile",
            f"give --profile {agreed.profile}, or another --prefix",
        )
    if agreed.lease != proposed.lease:
        right = write_duration(agreed.lease)
        return StoreUnusable(
            f"a lease of this cluster lasts {right}", f"give --lease {right}, as its servers have"
        )
    if agreed.max_attempts != proposed.max_attempts:
        most = agreed.max_attempts
        return StoreUnusable(
            f"this cluster dead-letters a message after {most} attempts",
            f"give --max-attempts {most}, as its servers have",
        )
    return None
