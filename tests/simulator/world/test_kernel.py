"""The kernel: calls happen at their instant, in the order in which they were planned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.simulator.world import kernel as kernel_module
from gnomon.simulator.world.kernel import Kernel, NoProgressError


@given(st.lists(st.integers(0, 20)))
def test_calls_happen_in_order_of_instant_then_of_planning(instants: list[int]) -> None:
    kernel = Kernel(0)
    happened: list[tuple[int, int]] = []
    for number, instant in enumerate(instants):
        kernel.at(instant, lambda now, n: happened.append((now, n)), number)
    kernel.run(21)
    assert happened == sorted((instant, number) for number, instant in enumerate(instants))
    assert kernel.now == 21


@given(st.lists(st.integers(0, 20)), st.integers(0, 21))
def test_the_end_is_exclusive_and_a_run_can_be_continued(instants: list[int], until: int) -> None:
    kernel = Kernel(0)
    happened: list[int] = []
    for instant in instants:
        kernel.at(instant, lambda now, _: happened.append(now), None)
    kernel.run(until)
    assert happened == sorted(instant for instant in instants if instant < until)
    kernel.run(21)
    assert happened == sorted(instants)


def test_a_call_may_plan_more_for_the_same_instant() -> None:
    kernel = Kernel(5)
    happened: list[str] = []

    def first(_: int, __: None) -> None:
        happened.append("first")
        kernel.at(7, lambda _, __: happened.append("third"), None)

    kernel.at(7, first, None)
    kernel.at(7, lambda _, __: happened.append("second"), None)
    kernel.run(8)
    assert happened == ["first", "second", "third"]


def test_the_past_cannot_be_planned() -> None:
    kernel = Kernel(10)
    kernel.at(9, lambda _, __: None, None)
    with pytest.raises(ValueError, match="planned for the past"):
        kernel.run(20)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="cannot run backwards"):
        Kernel(10).run(9)


def test_time_that_does_not_advance_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_module, "MOST_CALLS_AT_ONE_INSTANT", 1_000)
    kernel = Kernel(0)

    def again(now: int, _: None) -> None:
        kernel.at(now, again, None)

    kernel.at(5, again, None)
    with pytest.raises(NoProgressError, match="1,000 calls at 5"):
        kernel.run(21)
