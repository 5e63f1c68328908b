"""A report as one self-contained page of HTML: a matrix whose cells lead to the cases behind them.

The one idea: no script and nothing from the network. A cell is a link, and a case is a `details`
element with what is expected, what is expected under the declared profile, and what was seen; at
level tick also with a time line.
"""

from collections.abc import Iterator, Sequence
from html import escape

from gnomon.specs.conformance.judging import VERDICTS, Result, Verdict, worst
from gnomon.specs.conformance.report.levels import LEVELS
from gnomon.specs.conformance.report.model import (
    AdapterReport,
    LevelReport,
    Setting,
    cell,
    reproduce,
)
from gnomon.specs.conformance.report.picture import svg
from gnomon.specs.conformance.suspects import suspect_of

_CLASSES = {
    "broken": "bad",
    "declared but not so": "bad",
    "differs as declared": "differs",
    "holds": "good",
    "not observable": "none",
    "not exercised": "none",
}
_MEANINGS: dict[Verdict, str] = {
    "holds": "as the specification demands",
    "differs as declared": "not so, and exactly as the adapter declares",
    "broken": "not as the specification demands, and no difference is declared",
    "declared but not so": "a difference is declared, and something else was seen",
    "not observable": "the scheduler has no such feature, or does not show what the rule needs",
    "not exercised": "nothing happened that the rule is about",
}
_STYLE = """
:root { color-scheme: light dark; --bad: #c62828; --good: #2e7d32; --differs: #8d6e00 }
@media (prefers-color-scheme: dark) {
  :root { --bad: #ef9a9a; --good: #a5d6a7; --differs: #ffe082 }
}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem }
.wide { overflow-x: auto }
table { border-collapse: collapse }
td { min-width: 6rem }
.wide th:first-child { position: sticky; left: 0; background: Canvas }
th, td {
  border-bottom: 1px solid #8885; padding: .3rem .6rem; text-align: left; vertical-align: top
}
td a { text-decoration: none }
td a:hover { text-decoration: underline }
.bad, .bad a { color: var(--bad) } .good, .good a { color: var(--good) }
.differs, .differs a { color: var(--differs) } .none, .none a { opacity: .7; color: inherit }
summary { cursor: pointer; overflow-wrap: anywhere } details { margin: .2rem 0 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin: .3rem 1rem }
dt { font-weight: 600 } dd { margin: 0; overflow-wrap: anywhere }
h2 { overflow-wrap: anywhere }
.line { min-width: 40rem; max-width: 54rem; width: 100%; display: block }
.line { font-size: 11px; fill: currentColor }
.line path { stroke: currentColor; stroke-width: 1.5 } .line .end { text-anchor: end }
.line .axis { stroke-width: .5; opacity: .4 } .line .down { fill: #8884 }
.line .mark { stroke-width: 1; stroke-dasharray: 3 3; opacity: .6 }
.line .expected { stroke: var(--good) } .line .profile { stroke: var(--differs) }
.line .seen { stroke-width: 2 }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr } body { padding: .6rem } }
"""


def page(setting: Setting, reports: Sequence[AdapterReport]) -> str:
    """The report as a page of HTML."""
    about = f"gnomon {setting.gnomon}, tzdata {setting.tzdata}, {setting.date}"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Conformance of schedulers</title><style>{_STYLE}</style></head><body>",
            f"<h1>Conformance of schedulers</h1><p>{escape(about)}</p>",
            *_legend(),
            *(line for level in setting.cases for line in _matrix(level, setting, reports)),
            *(line for report in reports for line in _section(report)),
            "</body></html>",
            "",
        ]
    )


def _legend() -> Iterator[str]:
    """What the words and colours mean."""
    yield (
        "<p>Each scheduler is asked and watched through an adapter, which declares how it differs "
        "from the specification. A cell counts the cases that are as declared, of those "
        "that were judged, and leads to them. Its colour is that of the worst:</p><ul>"
    )
    for verdict, meaning in _MEANINGS.items():
        yield f'<li><span class="{_CLASSES[verdict]}">{verdict}</span>: {meaning}</li>'
    yield (
        "</ul><p><em>Suspects</em> are results that are not as declared and have no public issue, "
        "if a script of a few lines shows the same without the adapter; without such a script they "
        "are <em>unexplained</em>, because the fault may be the adapter's.</p><p>In a time line, a "
        "stroke is a run, a dashed line is what was done to the scheduler or to one of its "
        "instances, and in grey time nothing of it lived.</p>"
    )


def _matrix(level: str, setting: Setting, reports: Sequence[AdapterReport]) -> Iterator[str]:
    rules = LEVELS[level].rules
    heads = "".join(
        f'<th scope="col" title="{escape(title)}">{rule}</th>' for rule, title in rules.items()
    )
    yield f"<h2>Level {level}</h2>"
    yield f"<p>{escape(LEVELS[level].question)} {setting.cases[level]} cases.</p>"
    yield "<details><summary>The rules of this level</summary><dl>"
    yield from (f"<dt>{rule}</dt><dd>{escape(title)}</dd>" for rule, title in rules.items())
    yield "</dl></details>"
    yield '<div class="wide"><table><thead><tr><th scope="col">adapter</th>'
    yield f'<th scope="col">version</th>{heads}<th scope="col">suspects</th>'
    yield '<th scope="col">unexplained</th></tr></thead><tbody>'
    for report in reports:
        name = f'<th scope="row"><a href="#{_anchor(report)}">{escape(report.adapter)}</a></th>'
        if level not in report.levels and report.state:
            cell_of_all = f'<td class="none" colspan="{len(rules) + 3}">{report.state}</td>'
            yield f"<tr>{name}{cell_of_all}</tr>"
        elif level in report.levels:
            yield f"<tr>{name}<td>{escape(report.version)}</td>{_cells(report, level)}</tr>"
    yield "</tbody></table></div>"


def _cells(report: AdapterReport, level: str) -> str:
    cells = "".join(
        f'<td class="{_CLASSES[worst(counts)]}"><a href="#{_anchor(report, level, rule)}">'
        f"{escape(cell(counts))}</a></td>"
        for rule, counts in report.counts(level).items()
    )
    found = [result for result in report.levels[level].results if result.is_suspect]
    reproduced = sum(suspect_of(report.adapter, result) is not None for result in found)
    return f"{cells}<td>{reproduced}</td><td>{len(found) - reproduced}</td>"


def _section(report: AdapterReport) -> Iterator[str]:
    yield f'<h2 id="{_anchor(report)}">{escape(report.adapter)} {escape(report.version)}</h2>'
    if report.fault is not None:
        yield f"<p>{escape(report.state.capitalize())}: {escape(report.fault)}</p>"
    if not report.levels:
        return
    profile = ", ".join(f"{knob} = {value}" for knob, value in report.profile.items())
    yield f"<p>Declared: {escape(profile or 'no difference from the specification')}.</p>"
    if report.noise:
        yield f"<p>Noise on standard output: {escape('; '.join(report.noise))}</p>"
    for url, results in report.known.items():
        yield f'<p>Known: <a href="{escape(url)}">{escape(url)}</a> ({results})</p>'
    for suspect, cases in report.reproduced.items():
        script = f"{suspect.script.parent.name}/{suspect.script.name}"
        yield f"<p>Suspect: {escape(suspect.fault)} ({len(cases)}; suspects/{escape(script)})</p>"
    for level, found in report.levels.items():
        for rule, counts in report.counts(level).items():
            shown = ", ".join(f"{name}: {counts[name]}" for name in VERDICTS if counts[name])
            yield f'<h3 id="{_anchor(report, level, rule)}">{rule} at level {level}</h3>'
            yield f"<p>{escape(LEVELS[level].rules[rule])} <em>{shown or 'not exercised'}.</em></p>"
            chosen = [one for one in found.results if one.rule == rule and one.is_listed]
            for result in sorted(chosen, key=lambda one: VERDICTS.index(one.verdict)):
                yield from _case(report, found, result)


def _case(report: AdapterReport, found: LevelReport, result: Result) -> Iterator[str]:
    rows = {
        "expected": result.expected,
        "expected under the profile": result.declared,
        "seen": result.seen,
        "public issue": result.url or "",
        "command": reproduce(report.adapter, result.case),
    }
    yield f'<details><summary><span class="{_CLASSES[result.verdict]}">{result.verdict}</span>'
    yield f"{escape(result.case)}: {escape(result.question)}</summary><dl>"
    for name, text in rows.items():
        if text:
            yield f"<dt>{name}</dt><dd>{escape(text)}</dd>"
    yield "</dl>"
    if picture := found.pictures.get(result.case):
        yield f'<div class="wide">{svg(picture)}</div>'
    yield "</details>"


def _anchor(report: AdapterReport, *place: str) -> str:
    return escape("-".join([report.adapter, *place]).replace(" ", "-"))
