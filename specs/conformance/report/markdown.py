"""A report as Markdown: the matrix, the profiles and the suspects."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from gnomon.specs.conformance.judging import Result
from gnomon.specs.conformance.report.levels import LEVELS
from gnomon.specs.conformance.report.model import AdapterReport, Setting, cell, reproduce
from gnomon.specs.conformance.suspects import suspect_of

MOST_SUSPECTS = 3
"""Unexplained results listed for each rule of an adapter; the JSON lines hold all."""
LONGEST_ANSWER = 90
"""Characters of an answer."""


def markdown(setting: Setting, reports: Sequence[AdapterReport]) -> str:
    """The report as Markdown."""
    levels = [line for level in setting.cases for line in _level(level, setting, reports)]
    return "\n".join([*_head(setting), *levels, *_details(reports)]).rstrip() + "\n"


def _head(setting: Setting) -> Iterator[str]:
    yield "# Conformance of schedulers"
    yield ""
    yield (
        f"Printed by `gnomon conform` on {setting.date}: gnomon {setting.gnomon}, tzdata "
        f"{setting.tzdata}."
    )
    yield ""
    yield (
        "A cell counts the cases that are as declared, of those that were judged. *Broken* and "
        "*declared but not so* are not: no setting of the declared profile explains them. They "
        "are *suspects* if a script of a few lines shows the same with the scheduler alone, and "
        "*unexplained* as long as none does, because the fault may be the adapter's. "
        "A difference that a scheduler documents is no defect."
    )
    yield ""


def _level(level: str, setting: Setting, reports: Sequence[AdapterReport]) -> Iterator[str]:
    rules = LEVELS[level].rules
    yield f"## Level {level}: {LEVELS[level].question}"
    yield ""
    yield f"{setting.cases[level]} cases."
    yield ""
    yield from (f"* {id}: {title}" for id, title in rules.items())
    yield ""
    yield _row("adapter", "version", *rules, "suspects", "unexplained")
    yield _row(*(["---"] * (len(rules) + 4)))
    for report in reports:
        if level not in report.levels and report.state:
            yield _row(report.adapter, report.state, *([""] * len(rules)), "", "")
        elif level in report.levels:
            cells = [cell(counts) for counts in report.counts(level).values()]
            found = [one for one in report.levels[level].results if one.is_suspect]
            reproduced = sum(suspect_of(report.adapter, one) is not None for one in found)
            numbers = str(reproduced), str(len(found) - reproduced)
            yield _row(report.adapter, report.version, *cells, *numbers)
    yield ""


def _details(reports: Sequence[AdapterReport]) -> Iterator[str]:
    for report in reports:
        yield f"## {report.adapter}"
        yield ""
        if report.fault is not None:
            yield _escaped(report.fault)
            yield ""
        if not report.levels:
            continue
        profile = ", ".join(f"{knob} = {value}" for knob, value in report.profile.items())
        yield f"Declared: {profile or 'no difference from the specification'}."
        if report.noise:
            yield f"Noise on standard output: {_escaped('; '.join(report.noise))}."
        for url, results in report.known.items():
            yield f"Known: <{url}> ({results} result{'s' * (results != 1)})."
        yield ""
        yield from _suspects(report)


def _suspects(report: AdapterReport) -> Iterator[str]:
    for suspect, shown in report.reproduced.items():
        script = f"{suspect.script.parent.name}/{suspect.script.name}"
        rules = ", ".join(sorted({result.rule for result in shown}))
        yield f"* {_escaped(suspect.fault)}"
        yield f"  {rules}: {len(shown)} result{'s' * (len(shown) != 1)}; `suspects/{script}`"
        yield from _suspect(report.adapter, shown[0])
    by_rule: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for level, found in report.levels.items():
        for result in found.results:
            if result.is_suspect and suspect_of(report.adapter, result) is None:
                by_rule[level, result.rule].append(result)
    for (level, rule), unexplained in by_rule.items():
        yield f"* {rule} at level {level}: {len(unexplained)} unexplained"
        for result in unexplained[:MOST_SUSPECTS]:
            yield from _suspect(report.adapter, result)
    if report.suspects:
        yield ""


def _suspect(adapter: str, result: Result) -> Iterator[str]:
    declared = result.declared if result.declared != result.expected else ""
    yield f"  * `{reproduce(adapter, result.case)}`: {_escaped(result.question)}"
    yield f"    expected {_short(result.expected)}" + (
        f"; declared {_short(declared)}" if declared else ""
    )
    yield f"    seen {_short(result.seen)}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(_escaped(text) for text in cells)} |"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return _escaped(text if len(text) <= LONGEST_ANSWER else f"{text[:LONGEST_ANSWER]}…")


def _escaped(text: str) -> str:
    for character in "\\`*_|<>":
        text = text.replace(character, f"\\{character}")
    return text
