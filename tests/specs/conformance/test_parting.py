"""Where dialects part, compared with lists of their instants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.schedule.clock import DAY, read_instant, write_instant
from gnomon.specs.conformance.dialects import parting
from gnomon.specs.conformance.dialects.instants import next_instants
from gnomon.specs.conformance.dialects.knobs import DEFAULT, KNOBS, Dialect, dialect_of
from gnomon.specs.conformance.dialects.parting import Comparison, compare
from tests.support.strategies import cron_texts, windows, zones

SPRING = read_instant("2024-03-09T00:00:00Z")
DAYS = 3


def dialects() -> st.SearchStrategy[Dialect]:
    chosen = {knob: st.sampled_from(values) for knob, values in KNOBS.items()}
    return st.fixed_dictionaries({}, optional=chosen).map(dialect_of)


@given(
    text=cron_texts(),
    zone=zones(),
    others=st.lists(dialects(), min_size=1, max_size=3),
    data=st.data(),
)
def test_groups_and_partings_are_those_of_the_lists(
    text: str, zone: str, others: list[Dialect], data: st.DataObject
) -> None:
    after = data.draw(windows(zone))[0]
    named = {"ours": DEFAULT} | {str(index): other for index, other in enumerate(others)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parting, "COMPARED_DAYS", DAYS)
        found = compare(text, zone, after, 2, named)
    end = found.until // DAY * DAY
    assert DAYS - 1 <= (end - after) / DAY <= DAYS

    def listed(name: str) -> tuple[int, ...] | None:
        instants, count = next_instants(text, zone, after, 1, named[name]), 1
        while instants is not None and len(instants) == count and instants[-1] < end:
            count *= 8
            instants = next_instants(text, zone, after, count, named[name])
        return None if instants is None else tuple(at for at in instants if at < end)

    lists = {name: listed(name) for name in named}
    refused = {name for one in found.refused for name in one.names}
    assert refused == {name for name, instants in lists.items() if instants is None}
    assert sorted(refused.union(*(group.names for group in found.groups))) == sorted(named)
    for group in found.groups:
        assert len({lists[name] for name in group.names}) == 1
        first, here = (lists[one.names[0]] for one in (found.groups[0], group))
        assert first is not None and here is not None
        differing = set(first) ^ set(here)
        if group.parting is None:
            assert group is found.groups[0]
        else:
            assert group.parting.at == min(differing)
            assert group.parting.due_here == (group.parting.at in here)
    assert len({lists[group.names[0]] for group in found.groups}) == len(found.groups)


def test_the_first_lines_of_this_page() -> None:
    """The next instant after a parting, of the one that is not due there."""
    named = {"ours": DEFAULT, "rq": Dialect(gap="shifted-first"), "huey": Dialect(gap="skipped")}
    found = compare("30 2 * * *", "America/New_York", SPRING, 2, named)
    assert [(group.names, written(group.parting)) for group in found.groups] == [
        (("ours",), None),
        (("rq",), ("2024-03-10T07:00:00Z", False, "2024-03-10T07:30:00Z")),
        (("huey",), ("2024-03-10T07:00:00Z", False, "2024-03-11T06:30:00Z")),
    ]


def written(parting: parting.Parting | None) -> tuple[str, bool, str | None] | None:
    if parting is None:
        return None
    then = parting.next_in_other
    next_time = None if then is None else write_instant(then)
    return write_instant(parting.at), parting.due_here, next_time


def test_those_that_differ_near_changes_alone_are_one_group_in_utc() -> None:
    named = {"ours": DEFAULT, "other": Dialect(gap="skipped", real_time="never")}
    assert names(compare("*/7 1-3 * * *", "UTC", SPRING, 1, named)) == [("ours", "other")]
    assert len(names(compare("*/7 1-3 * * *", "Europe/Warsaw", SPRING, 1, named))) == 2


def test_what_is_silently_never_due_is_no_refusal() -> None:
    named = {"taskiq": Dialect(malformed="never-due"), "ours": DEFAULT}
    found = compare("61 * * * *", "UTC", SPRING, 1, named)
    assert (names(found), found.groups[0].instants) == ([("taskiq",)], ())
    assert found.refused[0].names == ("ours",)
    assert "'61' is not allowed" in found.refused[0].reason


def test_no_dialect_accepts_it() -> None:
    found = compare("x", "UTC", SPRING, 1, {"ours": DEFAULT})
    assert found.groups == () and found.refused[0].reason == "1 field"


@pytest.mark.parametrize("at", ["0002-01-01T00:00:00Z", "9998-12-20T00:00:00Z"])
def test_at_the_ends_of_time(at: str) -> None:
    named = {"ours": DEFAULT, "other": Dialect(day_fields="both")}
    for zone in ("Pacific/Apia", "America/New_York"):
        assert len(names(compare("0 0 * * 1", zone, read_instant(at), 3, named))) == 1


@pytest.mark.parametrize("at", ["0001-12-31T23:59:59Z", "9998-12-31T00:00:01Z"])
def test_beyond_the_ends_of_time(at: str) -> None:
    with pytest.raises(ValueError, match="compared from 0002-01-01T00:00:00Z to 9998-12-31T00:00"):
        compare("0 0 * * 1", "UTC", read_instant(at), 3, {"ours": DEFAULT})


def names(found: Comparison) -> list[tuple[str, ...]]:
    return [group.names for group in found.groups]
