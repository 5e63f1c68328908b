"""A part of a picture: some of the time, the runs of one job, or the workers of one server."""

from msgspec.structs import replace

from gnomon.specs.render.timeline.picture import Bar, Due, Picture
from gnomon.specs.trace.rows import Rows


def part_of(
    picture: Picture, begins: int, ends: int, job: str | None = None, server: str | None = None
) -> Picture:
    """What lies in [begins, ends) (µs, UTC), and is of that job and server if they are given.

    The load stays that of the whole cluster, and the headline that of the whole history.
    """
    begins, ends = max(begins, picture.start), min(ends, picture.end)
    kept = [n for n, lane in enumerate(picture.lanes) if server in (None, lane.server)]
    place = {lane: number for number, lane in enumerate(kept)}
    jobs = {n for n, one in enumerate(picture.jobs) if job in (None, one.id)}
    bars = Rows(
        Bar,
        (
            bar._replace(lane=place[bar.lane])
            for bar in picture.bars
            if bar.lane in place and bar.job in jobs and bar.lead < ends and begins <= bar.ends
        ),
    )
    messages = {flag.message for flag in picture.flags}.intersection(bars.column("message"))
    is_whole = job is None and server is None
    return replace(
        picture,
        start=begins,
        end=ends,
        lanes=[picture.lanes[lane] for lane in kept],
        bars=bars,
        unclaimed=[
            one
            for one in picture.unclaimed
            if one.job in jobs and one.begins < ends and begins <= one.ends
        ],
        dues=Rows(
            Due, (due for due in picture.dues if due.job in jobs and begins <= due.at < ends)
        ),
        flags=[
            flag._replace(lane=place.get(flag.lane) if flag.lane is not None else None)
            for flag in picture.flags
            if begins <= flag.at <= ends and (is_whole or flag.message in messages)
        ],
        terms=[term for term in picture.terms if term.begins < ends and begins <= term.ends],
        faults=[one for one in picture.faults if one.begins < ends and begins <= one.ends],
        members=[one for one in picture.members if one.begins < ends and begins <= one.ends],
        incidents=[one for one in picture.incidents if one.begins < ends and begins <= one.ends],
        headline=["Of a longer history:", *picture.headline],
    )
