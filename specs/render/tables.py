"""The figures of a history and the findings of the rules, as tables and as JSON values."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from gnomon.reference.schedule.clock import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from gnomon.specs.render.strings import counted, printable, shortened
from gnomon.specs.spec_text import sections

if TYPE_CHECKING:
    from gnomon.specs.rules import Finding, Violation
    from gnomon.specs.trace.summary import Summary

VIOLATIONS_SHOWN = 5
VIOLATIONS_IN_JSON = 100
SERVERS_SHOWN = 16
BAR = 40
"""The length of a full bar in characters."""

STYLES = {"holds": "green", "broken": "bold red", "not exercised": "dim", "not observable": "dim"}


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table; the columns in `right` are aligned to the right."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def figures(summary: "Summary", has_messages: bool = True) -> Iterator[Table]:
    """The figures of a history, a table for each kind of figure.

    If it does not observe messages, there are none of messages, waiting times and workers.
    """
    yield _counts(occurrence_counts(summary))
    if not has_messages:
        return
    yield _counts(message_counts(summary))
    if (wait := summary.wait_us) is not None:
        columns = ("p50", "p95", "p99", "longest")
        waits = table("wait", *columns, right=columns)
        waits.add_row("from due to started", *map(span, (wait.p50, wait.p95, wait.p99, wait.max)))
        yield waits
    yield _used(summary.utilisation)


def occurrence_counts(summary: "Summary") -> dict[str, int]:
    """The occurrences by outcome, by the words for each."""
    return {
        "occurrences": summary.occurrences,
        "published": summary.published,
        "coalesced": summary.coalesced,
        "skipped": summary.skipped,
        "still ahead": summary.ahead,
        "on demand": summary.on_demand,
    }


def message_counts(summary: "Summary") -> dict[str, int]:
    """The messages by state, by the words for each."""
    runs = summary.runs
    return {
        "messages": summary.published + summary.on_demand,
        "finished": runs.finished,
        "failed": runs.failed,
        "running": runs.running,
        "waiting": runs.waiting,
        "lost": runs.lost,
        "most waiting at once": summary.peak_waiting,
    }


def _counts(counts: Mapping[str, int]) -> Table:
    made = table(*counts, right=tuple(counts))
    made.add_row(*map(count, counts.values()))
    return made


def _used(utilisation: Mapping[str, float]) -> Table:
    used = table("server", "workers busy", "", right=("workers busy",))
    for server, share in list(utilisation.items())[:SERVERS_SHOWN]:
        full = round(share * BAR)
        used.add_row(printable(server), f"{share:.1%}", "█" * full + "·" * (BAR - full))
    if (more := len(utilisation) - SERVERS_SHOWN) > 0:
        used.add_row(f"and {more} more", "", "")
    return used


def rules_table(findings: "Mapping[str, Finding]") -> Table:
    """The verdict of every rule, and how many cases it examined."""
    texts = sections()
    rules = table("rule", "verdict", "examined", "what must hold", right=("examined",))
    for id, finding in findings.items():
        verdict = Text(finding.verdict, STYLES[finding.verdict])
        rules.add_row(id, verdict, count(finding.examined), texts[id].title)
    return rules


def verdict_line(findings: "Mapping[str, Finding]") -> Text:
    """All verdicts, counted: ``26 rules hold, 0 broken, 26 not exercised``."""
    tally = Counter(finding.verdict for finding in findings.values())
    holding = counted(tally["holds"], "rule") + (" holds" if tally["holds"] == 1 else " hold")
    line = f"{holding}, {tally['broken']} broken, {tally['not exercised']} not exercised"
    if tally["not observable"]:
        line += f", {tally['not observable']} not observable"
    return Text(line, STYLES["broken" if tally["broken"] else "holds"])


def broken_rules(findings: "Mapping[str, Finding]") -> Iterator[Text]:
    """Each broken rule with its first violations."""
    texts = sections()
    for id, finding in findings.items():
        if not finding.violations:
            continue
        yield Text(f"\n{id} broken: {texts[id].title}", "bold red")
        for violation in finding.violations[:VIOLATIONS_SHOWN]:
            yield Text(shortened(f"  {printable(str(violation))}"), "red")
        if (more := len(finding.violations) - VIOLATIONS_SHOWN) > 0:
            yield Text(f"  and {count(more)} more {'violation' if more == 1 else 'violations'}")


def findings_as_values(findings: "Mapping[str, Finding]") -> dict[str, object]:
    """The findings as JSON values."""
    return {
        id: {
            "verdict": finding.verdict,
            "examined": finding.examined,
            "broken": len(finding.violations),
            "violations": [
                violation_as_values(violation)
                for violation in finding.violations[:VIOLATIONS_IN_JSON]
            ],
        }
        for id, finding in findings.items()
    }


def violation_as_values(violation: "Violation") -> dict[str, object]:
    """A violation as JSON values: its instant (µs), its sentence, its kind and its fields."""
    import msgspec  # noqa: PLC0415

    fields: dict[str, object] = msgspec.to_builtins(violation)
    return {
        "at": violation.at,
        "what": violation.what,
        **fields,
        "kind": violation.kind.name.lower(),
    }


def count(number: int) -> str:
    """A count: ``1 440 000``."""
    return f"{number:,}".replace(",", " ")


def span(duration: int) -> str:
    """A duration (µs) in one unit or two, to three figures or so: ``1.5 s``, ``2 h 30 min``.

    >>> [span(duration) for duration in (0, 250, 1_540, 59_940_000, 5_400_000_000)]
    ['0 µs', '250 µs', '1.54 ms', '59.9 s', '1 h 30 min']
    """
    pairs = ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", SECOND, "s"))
    for large, unit, small, smaller in pairs:
        if duration >= large:
            whole, rest = divmod(duration // small, large // small)
            return f"{whole} {unit} {rest} {smaller}" if rest else f"{whole} {unit}"
    for size, unit in ((SECOND, "s"), (MILLISECOND, "ms")):
        if duration >= size:
            return f"{_three_figures(duration / size)} {unit}"
    return f"{duration} µs"


def _three_figures(value: float) -> str:
    if value >= 100:
        return f"{value:.0f}"
    text = f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".")
