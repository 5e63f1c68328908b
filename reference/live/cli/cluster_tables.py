"""The cluster as tables: what it is, and a line for each server."""

from rich.table import Table

from gnomon.reference.live.api.schemas import ClusterView
from gnomon.specs.render.strings import printable
from gnomon.specs.render.tables import count, table


def pause_notes(found: ClusterView) -> list[str]:
    """The sentence that the cluster is paused, if it is."""
    if found.paused_since is None:
        return []
    by = printable(found.paused_by or "?")
    what = f"the cluster is paused since {found.paused_since}, by {by}"
    return [f"{what}: nothing is published as planned; gnomon cluster resume ends that"]


def cluster_tables(found: ClusterView) -> list[str | Table]:
    """Notes about what does not work, the facts, and the servers."""
    notes = pause_notes(found)
    notes += [
        f"no live server has the service {printable(service)!r}, which an active job needs"
        for service in found.missing_services
    ]
    return [*notes, *([""] if notes else []), _facts(found), "", _servers(found)]


def _facts(found: ClusterView) -> Table:
    versions = sorted({member.tzdata or "unknown" for member in found.members if member.is_alive})
    lines = {
        "leader": found.leader or "nobody leads",
        "epoch": count(found.epoch),
        "lease until": found.lease_until or "-",
        "now": f"{found.now}, by the store's clock",
        "store since": found.store_since or "-",
        "time zone database": ", ".join(versions) or "-",
        "jobs": count(found.jobs),
        "messages waiting": count(found.waiting),
        "messages held": count(found.held),
        "dead letters": count(found.dead_lettered),
    }
    rows = table("cluster", "")
    for label, text in lines.items():
        rows.add_row(label, printable(text))
    return rows


def _servers(found: ClusterView) -> Table:
    rows = table("server", "state", "workers", "services", "heard", "since", right=("workers",))
    for member in found.members:
        state = "alive" if member.is_alive else "not heard"
        leads = ", leads" if member.name == found.leader else ""
        services = printable(", ".join(member.services))
        rows.add_row(
            printable(member.name),
            state + leads,
            str(member.workers),
            services or "-",
            member.heard,
            member.since,
        )
    return rows
