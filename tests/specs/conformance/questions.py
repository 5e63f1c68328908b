"""Questions of level next, with the answers of the reference."""

from typing import Any

from gnomon.specs.vectors.next_cases import Case, answered

MONDAY = "2026-01-05T00:00:00Z"


def a_case(cron: str, zone: str = "UTC", after: str = MONDAY, **own: Any) -> Case:
    given: dict[str, Any] = {"id": f"FIRE-4/test/{cron}", "rule": "FIRE-4", "note": "", "count": 3}
    return answered(Case(cron=cron, zone=zone, after=after, **(given | own)))


def an_interval(every: int, start: str, after: str = "2026-01-05T00:00:10Z") -> Case:
    given: dict[str, Any] = {"id": "FIRE-2/test/1", "rule": "FIRE-2", "note": "", "count": 3}
    return answered(Case(every=every, start=start, zone="UTC", after=after, **given))


def a_single(at: str) -> Case:
    given: dict[str, Any] = {"id": f"FIRE-1/test/{at}", "rule": "FIRE-1", "note": "", "count": 2}
    return answered(Case(at=at, zone="UTC", after=MONDAY, **given))
