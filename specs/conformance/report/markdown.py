"""A report as Markdown: the matrix, the profiles and the suspects."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from gnomon.specs.conformance.judging import Result
from gnomon.specs.conformance.report.levels import LEVELS
from gnomon.specs.conformance.report.model import AdapterReport, Setting, cell, reproduce

MOST_SUSPECTS = 3
"""Suspects listed for each rule of an adapter; the JSON lines hold all."""
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
        "*declared but not so* are suspects: no setting of the declared profile explains them. "
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
    yield _row("adapter", "version", *rules, "suspects")
    yield _row(*(["---"] * (len(rules) + 3)))
    for report in reports:
        if report.fault is not None:
            kind = "adapter at fault" if report.is_installed else "not installed"
            yield _row(report.adapter, kind, *([""] * len(rules)), "")
        elif level in report.levels:
            cells = [cell(counts) for counts in report.counts(level).values()]
            suspects = sum(result.is_suspect for result in report.levels[level].results)
            yield _row(report.adapter, report.version, *cells, str(suspects))
    yield ""


def _details(reports: Sequence[AdapterReport]) -> Iterator[str]:
    for report in reports:
        yield f"## {report.adapter}"
        yield ""
        if report.fault is not None:
            yield _escaped(report.fault)
            yield ""
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
    by_rule: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for level, found in report.levels.items():
        for result in found.results:
            if result.is_suspect:
                by_rule[level, result.rule].append(result)
    for (level, rule), suspects in by_rule.items():
        number = f"{len(suspects)} suspect{'s' * (len(suspects) != 1)}"
        yield f"* {rule} at level {level}: {number}"
        for result in suspects[:MOST_SUSPECTS]:
            yield from _suspect(report.adapter, result)
    if by_rule:
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
