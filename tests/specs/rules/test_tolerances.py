"""Every allowance has a name, a formula and a reason, and ``scheduler.md`` quotes all three."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib.resources import files
from types import ModuleType

from gnomon.reference.history import Header, History
from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.rules import (
    delivery,
    firing,
    histories,
    jobs,
    leading,
    misfires,
    publishing,
    running,
    tolerances,
    waiting,
)
from gnomon.specs.trace import fault_windows
from gnomon.specs.trace.trace import Trace

Row = tuple[str, str, str]
"""The name of a tolerance, its formula and its reason."""


def rows_of(module: ModuleType) -> Iterator[Row]:
    """The tolerances that a module defines: its constants, and its functions of one expression."""
    body = ast.parse(inspect.getsource(module)).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef) and isinstance(node.body[-1], ast.Return):
            value = node.body[-1].value
            assert value is not None
            yield node.name, formula(value), ast.get_docstring(node) or ""
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name.isupper() and isinstance(following, ast.Expr):
                yield name, formula(node.value), ast.literal_eval(following.value)


def formula(value: ast.expr) -> str:
    text = ast.unparse(value).replace("(trace)", "").replace("trace.", "")
    return re.sub(r"(\d+) \* SECOND", r"\1 s", text)


def quoted() -> list[Row]:
    """The list in the section *Tolerances*."""
    text = files("gnomon.specs").joinpath("scheduler.md").read_text("utf-8")
    section = text.partition("\n## Tolerances\n")[2].partition("\n## ")[0]
    items = (" ".join(item.split()) for item in section.split("\n* ")[1:])
    return [_ITEM.fullmatch(item).groups() for item in items]  # type: ignore[union-attr,misc]


_ITEM = re.compile(r"`(\w+)` = `(.*?)`: (.*)")


def defined() -> list[Row]:
    known = [*rows_of(tolerances), *rows_of(fault_windows)]
    return [row for row in known if row[0] in tolerances.__all__]


def test_the_specification_quotes_every_tolerance() -> None:
    assert defined() == quoted()


def test_every_tolerance_is_found_by_the_test() -> None:
    assert {name for name, _, _ in defined()} == set(tolerances.__all__)


def test_every_tolerance_has_its_value() -> None:
    trace = Trace(History(Header(start=0, end=1, lease=10 * SECOND, travel=SECOND), []))
    third = 10 * SECOND // 3
    assert tolerances.one_way(trace) == SECOND
    assert tolerances.claim_round_trip(trace) == 2 * SECOND
    assert tolerances.handover(trace) == 4 * SECOND
    assert tolerances.publishing(trace) == third + SECOND
    assert tolerances.settling(trace) == third + 4 * SECOND
    assert tolerances.expiry(trace) == 10 * SECOND
    assert tolerances.standstill(trace) == 10 * SECOND
    assert tolerances.cut_off(trace) == 21 * SECOND
    assert tolerances.catch_up(trace, 7) == 14 * SECOND + 7
    assert tolerances.liveness(trace) == third + 14 * SECOND
    assert tolerances.takeover(trace) == 28 * SECOND
    assert tolerances.time_per_run(trace, 7) == 2 * SECOND + 7
    assert tolerances.aftermath(trace.lease, trace.travel) == 2 * third + 4 * SECOND


def test_no_rule_makes_an_allowance_of_its_own() -> None:
    """Rules name their tolerances: none computes with the lease or the travel time."""
    computed = [
        ast.unparse(node)
        for module in MODULES
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.BinOp) and _mentions_time(node)
    ]
    assert computed == []


MODULES = (delivery, firing, histories, jobs, leading, misfires, publishing, running, waiting)


def _mentions_time(node: ast.expr) -> bool:
    parts = (part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute))
    return not {"lease", "travel"}.isdisjoint(parts)
