"""``gnomon next --dialect``: what a cron definition means in other schedulers, and where they part.

The one idea: schedulers that agree are one group. The first group is that of the scheduler to
compare with; each other group names the first instant at which it parts from it.
"""

from collections.abc import Iterator, Mapping, Sequence

from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.schedule.cron import CronError, read_cron
from gnomon.reference.schedule.words import with_local_time
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import parse_instant, parse_zone
from gnomon.specs.conformance.dialects.parting import Comparison, Group, compare
from gnomon.specs.conformance.report.peers import OURS, NoDialect, Peer, find_peer, peers


def peer_named(name: str) -> Peer:
    """The scheduler that ``--dialect`` names. Raises BadInput."""
    try:
        return find_peer(name)
    except NoDialect as error:
        raise BadInput("--dialect", [str(error)]) from None


def print_dialects(
    definition: str,
    timezone: str,
    after: str | None,
    count: int,
    names: Sequence[str] | None,
    json: bool,
) -> None:
    """Print what a definition means in the dialects `names`; in all if there are none."""
    if definition.strip().lower().startswith("every"):
        raise BadInput(
            "DEFINITION", ["an interval has no dialects; they are of cron definitions only"]
        )
    chosen = _chosen(names)
    zone = parse_zone(timezone)
    start = console.next_second() if after is None else parse_instant("--after", after)
    known = {name: peer for name, peer in chosen.items() if zone == "UTC" or peer.has_zones}
    without_zones = [name for name in chosen if name not in known]
    dialects = {name: peer.dialect for name, peer in known.items()}
    try:
        found = compare(definition, zone, start, count, dialects)
    except ValueError as error:
        raise BadInput("--after", [str(error)]) from None
    if json:
        console.print_json(_as_json(definition, zone, found, known, without_zones))
    else:
        console.print_parts(*_printed(definition, zone, found, known, without_zones))


def _chosen(names: Sequence[str] | None) -> dict[str, Peer]:
    """The schedulers to compare, that to compare with first. Raises BadInput."""
    if not names:
        return dict(peers())
    chosen = {name: peer_named(name) for name in names}
    return chosen if len(chosen) > 1 else {OURS: find_peer(OURS)} | chosen


def _printed(
    definition: str,
    zone: str,
    found: Comparison,
    known: Mapping[str, Peer],
    without_zones: Sequence[str],
) -> Iterator[str]:
    span = f"{write_instant(found.after)} to {write_instant(found.until)[:10]}"
    yield f"{definition!r} in {zone}, compared from {span}"
    for group in found.groups:
        yield ""
        yield ", ".join(group.names)
        if group.parting is not None:
            yield from (f"  {line}" for line in _parting(found.groups[0].names[0], group, zone))
        if group.parting is None or group.instants != found.groups[0].instants:
            lines = [with_local_time(instant, zone) for instant in group.instants]
            yield from (f"  {line}" for line in lines or ["never due"])
    for refused in found.refused:
        reason = _reason(definition, refused.names, refused.reason)
        yield ""
        yield f"{', '.join(refused.names)}: refused: {reason}"
    if without_zones:
        yield ""
        yield f"{', '.join(without_zones)}: not compared: no time zones, only UTC"
    yield ""
    verified = [_verified(peer) for peer in known.values() if peer.verified is not None]
    yield f"Cases in which the profile of a scheduler was right: {', '.join(verified)}."


def _parting(first: str, group: Group, zone: str) -> Iterator[str]:
    """Where a group parts from that of the scheduler `first`, in words."""
    assert group.parting is not None
    at, due_here, then = group.parting
    due, other = (group.names[0], first) if due_here else (first, group.names[0])
    yield f"parts from {first} at {with_local_time(at, zone)}: due in {due}, and not in {other};"
    next_time = "never again" if then is None else f"next at {with_local_time(then, zone)}"
    yield f"{other} is due {next_time}"


def _reason(definition: str, names: Sequence[str], reason: str) -> str:
    """Why a definition is refused; ours gives its own errors."""
    if OURS in names:
        try:
            read_cron(definition)
        except CronError as error:
            return "; ".join(error.faults)
    return reason


def _verified(peer: Peer) -> str:
    assert peer.verified is not None
    version, as_declared, judged, _ = peer.verified
    return f"{peer.name} {version} {as_declared}/{judged}"


def _as_json(
    definition: str,
    zone: str,
    found: Comparison,
    known: Mapping[str, Peer],
    without_zones: Sequence[str],
) -> dict[str, object]:
    return {
        "definition": definition,
        "timezone": zone,
        "after": write_instant(found.after),
        "until": write_instant(found.until),
        "groups": [
            {
                "dialects": group.names,
                "instants": [write_instant(instant) for instant in group.instants],
                "parts_at": group.parting and write_instant(group.parting.at),
                "due_in": group.parting
                and (group if group.parting.due_here else found.groups[0]).names,
                "next_in_the_other": group.parting
                and group.parting.next_in_other
                and write_instant(group.parting.next_in_other),
            }
            for group in found.groups
        ],
        "refused": [
            {"dialects": one.names, "reason": _reason(definition, one.names, one.reason)}
            for one in found.refused
        ],
        "without_time_zones": without_zones,
        "verified": {
            name: {
                "version": peer.verified.version,
                "as_declared": peer.verified.as_declared,
                "cases": peer.verified.judged,
            }
            for name, peer in known.items()
            if peer.verified is not None
        },
    }
