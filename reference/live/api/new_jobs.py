"""What a definition may leave out when a job is created."""

from collections.abc import Iterable

from gnomon.reference.live.store.storage import Storage
from gnomon.reference.schedule.clock import SECOND, write_instant

RECURRING = ("interval_based", "cron_style")


def set_start(storage: Storage, definitions: Iterable[object]) -> None:
    """Let each recurring job without a `start_date` start now, by the store's clock.

    "Now" is the next whole second, as for ``gnomon jobs create``.
    """
    without = [
        fields
        for fields in definitions
        if isinstance(fields, dict)
        and fields.get("job_type") in RECURRING
        and "start_date" not in fields
    ]
    if without:
        start = write_instant(-(-storage.overview().now // SECOND) * SECOND)
        for fields in without:
            fields["start_date"] = start
