"""A whole history in a few sentences: what ran, what happened, what waited, what is broken."""

from array import array
from collections.abc import Iterator, Mapping
from itertools import chain, islice, pairwise

from gnomon.reference import events
from gnomon.specs.render.strings import counted
from gnomon.specs.render.tables import count, span
from gnomon.specs.render.timeline.incidents import terms, were
from gnomon.specs.render.timeline.load import Step, starving
from gnomon.specs.rules import Finding
from gnomon.specs.trace.rows import Rows
from gnomon.specs.trace.summary import Summary
from gnomon.specs.trace.trace import Trace

STARVED_SHARE = 20
"""The load is compared with the workers if they starve for more than this part of the time."""


def headline_of(
    trace: Trace,
    summary: Summary,
    steps: Rows[Step],
    findings: Mapping[str, Finding] | None,
) -> list[str]:
    """The whole history in a few sentences."""
    return [*_what_ran(trace, summary), *_what_waited(trace, summary, steps), *_verdict(findings)]


def _what_ran(trace: Trace, summary: Summary) -> Iterator[str]:
    length = span(trace.end - trace.start)
    if not trace.observes("messages"):
        runs = counted(len(trace.firings), "run")
        yield f"{runs} of {counted(len(trace.jobs), 'job')} in {length}."
        return
    sizes = {member.server: member.workers for member in trace.memberships}
    shape = counted(len(sizes), "server")
    if len(set(sizes.values())) == 1 and (workers := next(iter(sizes.values()))):
        shape += f" × {counted(workers, 'worker')}"
    ended = summary.runs.finished + summary.runs.failed
    messages = summary.published + summary.on_demand
    yield (
        f"In {length}, {shape} completed {count(ended)} of {count(messages)} messages"
        f" of {counted(len(trace.jobs), 'job')}."
    )
    if summary.runs.failed:
        yield f"{counted(summary.runs.failed, 'run')} failed."
    if misfires := summary.coalesced + summary.skipped:
        parts = {"coalesced into a later one": summary.coalesced, "skipped": summary.skipped}
        how = ", ".join(f"{count(number)} {words}" for words, number in parts.items() if number)
        yield f"{were(misfires, 'occurrence')} not published: {how}."
    changes = sum(one.server != two.server for one, two in pairwise(terms(trace)))
    if changes:
        yield f"The leader changed {_times(changes)}."
    crashes = sum(1 for m in trace.memberships if type(m.ended_by) is events.ServerCrashed)
    hits = [counted(len(trace.faults), "fault")] if trace.faults else []
    hits += [f"{count(crashes)} {'crash' if crashes == 1 else 'crashes'}"] if crashes else []
    if hits:
        yield f"There {'was' if len(trace.faults) + crashes == 1 else 'were'} {' and '.join(hits)}."


def _what_waited(trace: Trace, summary: Summary, steps: Rows[Step]) -> Iterator[str]:
    wait, instants = summary.wait_us, steps.column("at")
    if wait is not None:
        yield f"The longest wait from due to started was {span(wait.max)}."
    if summary.runs.waiting:
        yield f"{_still(summary.runs.waiting, 'message')} at the end."
    ends = chain(islice(instants, 1, None), (trace.end,))
    spans = zip(steps.column("workers"), instants, ends, strict=False)
    there = sum(workers * (until - since) for workers, since, until in spans)
    starved = sum(ends - begins for begins, ends in starving(steps, trace.end, 0))
    if not there or starved <= (trace.end - trace.start) // STARVED_SHARE:
        return
    complete = array("q", (run.ends - run.begins for run in trace.runs if run.ends is not None))
    if complete:
        mean = sum(complete) / len(complete)
        needed = len(trace.messages) * mean / (trace.end - trace.start)
        present = there / (trace.end - trace.start)
        yield (
            f"On average the work that came keeps {needed:.1f} workers busy; "
            f"there {'was' if present <= 1 else 'were'} {_number(present)}."
        )


def _verdict(findings: Mapping[str, Finding] | None) -> Iterator[str]:
    if findings is None:
        return
    broken = [rule for rule, finding in findings.items() if finding.violations]
    holding = sum(1 for finding in findings.values() if finding.verdict == "holds")
    if broken:
        yield f"Broken: {', '.join(broken)}."
    else:
        hold = "holds" if holding == 1 else "hold"
        yield f"No rule is broken; {counted(holding, 'rule')} {hold}."


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _still(number: int, noun: str) -> str:
    return f"{counted(number, noun)} still {'waits' if number == 1 else 'wait'}"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
