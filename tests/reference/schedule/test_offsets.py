"""The assumption about changes of offset on which ``offsets`` and the oracle rest."""

from importlib.resources import files
from itertools import pairwise
from struct import Struct

from gnomon.reference.schedule.clock import DAY, SECOND, read_instant
from gnomon.reference.schedule.zones import zone_names

HEADER = Struct(">20x6l")
"""The header of a part of a file: six counts (RFC 9636, section 3.1)."""


def changes(zone: str) -> list[int]:
    """The instants (µs, UTC) at which the zone's offset changes, as its file lists them.

    After the last of them the file has a yearly rule, of two changes at most.
    """
    data = files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()
    utc, standard, leaps, times, types, characters = HEADER.unpack_from(data)
    second_part = (
        HEADER.size + times * 5 + types * 6 + characters + leaps * 8 + standard + utc
    )  # the first part has instants of 32 bits
    _, _, _, times, types, _ = HEADER.unpack_from(data, second_part)
    begin = second_part + HEADER.size
    instants = Struct(f">{times}q").unpack_from(data, begin)
    kinds = data[begin + 8 * times : begin + 9 * times]
    offsets = [
        offset for offset, _ in Struct(">l2s").iter_unpack(data[begin + 9 * times :][: 6 * types])
    ]
    return [
        instant * SECOND
        for instant, (before, after) in zip(instants[1:], pairwise(kinds), strict=True)
        if offsets[before] != offsets[after]
    ]


def test_no_zone_changes_twice_within_two_days() -> None:
    for zone in zone_names():
        assert all(later - earlier > 2 * DAY for earlier, later in pairwise(changes(zone))), zone


def test_the_files_are_read() -> None:
    """Summer time in Europe in 1995: from the last Sunday of March to that of September."""
    summer = {read_instant("1995-03-26T01:00:00Z"), read_instant("1995-09-24T01:00:00Z")}
    assert summer <= {*changes("Europe/Warsaw")}
