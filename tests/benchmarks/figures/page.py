"""``specs/figures.md``: the measurements as a page.

The one idea: the page is a pure function of what was measured.
"""

from collections.abc import Iterable, Mapping, Sequence

from tests.benchmarks.figures.growth import (
    HIGHEST_EXPONENT,
    Measured,
    exponents,
    finding,
)
from tests.benchmarks.figures.machine import Machine
from tests.benchmarks.figures.rates import OURS, Rate
from tests.benchmarks.figures.works import Growing

MIB = 1 << 20

INTRODUCTION = f"""\
# Figures: the cost of each part, and how it grows

Each work is done in growing sizes, each size in a process of its own. *CPU* is the processor time
of the work, without the start of the process and without preparation: the shortest of up to three
measurements. *Peak* is the most memory that the whole process has used. The *exponent* is the slope
of log(CPU) over log(size), by least squares: 1 is linear, 2 quadratic. An exponent above
{HIGHEST_EXPONENT} is a finding, and the command ends with status 1.

`python -m tests.benchmarks.figures --write` measures all sizes and writes this page; `--minutes M`
leaves out the sizes for which that is too short, `--largest N` larger ones, and `--quick` takes
small ones only. The works are in `tests/benchmarks/figures/works.py`.
"""


def written(
    machine: Machine, growths: Mapping[Growing, Sequence[Measured]], rates: Sequence[Rate]
) -> str:
    """The page."""
    parts = [
        INTRODUCTION,
        _of_machine(machine),
        "## Findings\n\n" + _findings(growths),
        "## Growth\n\n" + _overview(growths),
        *(f"### {growing.title}\n\n{sizes(growing, found)}" for growing, found in growths.items()),
        "## Cron definitions per second\n\n" + beside(rates),
    ]
    return "\n".join(parts)


def findings(growths: Mapping[Growing, Sequence[Measured]]) -> list[str]:
    """A sentence for each work whose cost grows too fast."""
    found = (finding(growing.title, measured) for growing, measured in growths.items())
    return [each for each in found if each is not None]


def _findings(growths: Mapping[Growing, Sequence[Measured]]) -> str:
    lines = findings(growths) or [f"No exponent is above {HIGHEST_EXPONENT}."]
    return "".join(f"- {line}\n" for line in lines)


def _of_machine(machine: Machine) -> str:
    rows = [
        ("date", machine.date),
        ("processor", f"{machine.processor}, {machine.cores} cores"),
        ("Python", machine.python),
        *machine.versions.items(),
    ]
    return table(("measured with", ""), rows)


def _overview(growths: Mapping[Growing, Sequence[Measured]]) -> str:
    rows = []
    for growing, measured in growths.items():
        largest = max(measured)
        overall, last = exponents(measured)
        left_out = [size for size in growing.sizes if size > largest.size]
        rows.append(
            (
                growing.name,
                f"{overall:.2f}",
                f"{last:.2f}",
                _per_unit(largest),
                f"{largest.size:,}",
                ", ".join(f"{size:,}" for size in left_out) or "none",
            )
        )
    columns = ("work", "exponent", "last step alone", "CPU a unit", "largest size", "not measured")
    return table(columns, rows)


def sizes(growing: Growing, measured: Iterable[Measured]) -> str:
    """The table of a work: a row for each size."""
    unit = growing.unit
    columns = (f"{unit}s", "CPU", f"CPU/{unit}", "peak", f"bytes/{unit}")
    return table(columns, [_row(one) for one in sorted(measured)])


def _row(one: Measured) -> tuple[str, ...]:
    added = max(one.peak - one.before, 0) / one.size
    peak = f"{one.peak / MIB:,.0f} MiB"
    return (f"{one.size:,}", f"{one.cpu:,.3f} s", _per_unit(one), peak, f"{added:,.0f}")


def _per_unit(one: Measured) -> str:
    return f"{one.cpu / one.size * 1e6:,.1f} µs"


def beside(rates: Iterable[Rate]) -> str:
    """The table of the rates of all libraries, with the ratios between them."""
    rows = [
        (
            rate.what,
            rate.library,
            f"{rate.rate:,.0f}",
            f"{min(rate.rates):,.0f} to {max(rate.rates):,.0f}",
            "" if rate.library == OURS else f"{rate.ratio:.2f} ×",
        )
        for rate in rates
    ]
    columns = ("work", "library", "a second (median)", "range", f"{OURS} is faster by")
    return table(columns, rows)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose first column is aligned to the left, all others to the right."""
    lines = [columns, ["---", *["--:"] * (len(columns) - 1)], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
