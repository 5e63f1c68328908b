"""Judges an observation of level cluster: a verdict for each rule of its scenario.

The one idea: a rule asks one question about what was seen, and its answer is a short text. The same
question is answered by the specification and by the declared behaviour; the verdict follows from
the three answers, as at level next.

A witness shows firings alone, so each rule is judged in the sense in which firings can show it:

    PUB-1   no slot has two firings (judged by the rule's own function, over a partial history)
    FIRE-2  an interval job fires once in each slot, and at the same part of it after a restart
    FIRE-4  a cron job fires in each minute
    FIRE-6  no firing before its due instant; of an interval job only if the due instant is known
    FIRE-8  after an edit no firing has the earlier payload
    LEAD-3  after the active instance has died, another one acts within the declared time
    LEAD-4  what was due while no instance lived is made up: the latest of it, once
"""

from collections import Counter
from collections.abc import Callable
from statistics import median_low
from typing import NamedTuple

import msgspec

from gnomon.reference.schedule.clock import MINUTE, SECOND, read_instant
from gnomon.specs.conformance.cluster.behaviour import Behaviour
from gnomon.specs.conformance.cluster.history import history_of
from gnomon.specs.conformance.cluster.observation import Observation
from gnomon.specs.conformance.cluster.slots import SLACK, Slots
from gnomon.specs.conformance.judging import Result, Verdict, known_issue
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import Error, Refused, Unsupported
from gnomon.specs.rules.publishing import an_occurrence_is_published_at_most_once
from gnomon.specs.trace.trace import Trace

RULES: dict[str, str] = {
    "FIRE-2": "An interval job keeps its grid, whatever was killed or restarted.",
    "FIRE-4": "A cron job is due at every minute that its fields match.",
    "FIRE-6": "No occurrence runs before it is due.",
    "FIRE-8": "After an edit only the new definition runs.",
    "LEAD-3": "After the active instance has died, another one acts within the declared time.",
    "LEAD-4": "What was due while no instance lived is made up.",
    "PUB-1": "An occurrence runs at most once.",
}
"""The rules of level cluster."""


class Answers(NamedTuple):
    """The three answers to the question of a rule, and the evidence."""

    expected: str
    declared: str
    seen: str
    evidence: str = ""


class Silent(NamedTuple):
    """A rule that cannot be judged: why, and in which sense."""

    verdict: Verdict
    reason: str


Finding = Answers | Silent


def judge(observation: Observation, behaviour: Behaviour) -> list[Result]:
    """The verdicts about one scenario: of each of its rules."""
    slots = Slots(observation)
    results = [
        _result(rule, observation, _finding(rule, slots, behaviour))
        for rule in observation.scenario.rules
    ]
    introduction = observation.introduction
    return [
        msgspec.structs.replace(result, url=known_issue(result, introduction)) for result in results
    ]


def _finding(rule: str, slots: Slots, behaviour: Behaviour) -> Finding:
    match slots.observation.failure:
        case Unsupported(unsupported=feature):
            return Silent("not observable", f"unsupported: {feature}")
        case Refused(refused=message):
            return Silent("not observable", f"refused: {message}")
        case Failure(failure=kind, evidence=evidence):
            return Answers("it runs", "it runs", f"{kind}: {evidence}")
        case Error(error=text):
            return Answers("it runs", "it runs", f"error: {text.strip()}")
    return _QUESTIONS[rule](slots, behaviour)


def _result(rule: str, observation: Observation, finding: Finding) -> Result:
    scenario = observation.scenario
    if isinstance(finding, Silent):
        return Result(rule, scenario.id, finding.verdict, scenario.about, "", "", finding.reason)
    expected, declared, seen, evidence = finding
    verdict: Verdict
    if seen == expected:
        verdict = "holds" if declared == expected else "declared but not so"
    elif seen == declared:
        verdict = "differs as declared"
    else:
        verdict = "broken" if declared == expected else "declared but not so"
    found = f"{seen}: {evidence}" if evidence else seen
    return Result(rule, scenario.id, verdict, scenario.about, expected, declared, found)


# --- one question for each rule


def _pub_1(slots: Slots, behaviour: Behaviour) -> Finding:
    """How often does an occurrence run at most?"""
    if not slots.firings:
        return Silent("not exercised", "nothing ran")
    living = slots.most_living()
    expected, each = "once", _times(living)
    repeated = an_occurrence_is_published_at_most_once(Trace(history_of(slots))).violations
    doubled = Counter(violation.due for violation in repeated)
    most = 1 + max(doubled.values(), default=0)
    # Each of several instances may miss the slot by a little: then one has fewer, and one has more.
    seen = each if 1 < most <= living else _times(most)
    evidence = f"{len(doubled)} of {len(slots.counts)} occurrences ran more than once"
    is_each = behaviour.instances == "each-runs-all"
    return Answers(expected, each if is_each else expected, seen, evidence if doubled else "")


def _times(number: int) -> str:
    return "once" if number <= 1 else f"up to {number} times"


def _fire_2(slots: Slots, behaviour: Behaviour) -> Finding:
    """Does each occurrence run, and where in its slot after a restart?"""
    if (missing := _missing(slots)) is not None:
        return Answers("on its grid", "on its grid", *missing)
    outage = slots.outage()
    moved = outage is not None and behaviour.interval_grid == "from-the-restart"
    declared = "on another grid" if moved else "on its grid"
    start = slots.observation.events[-1].at + slots.interval
    offsets = [slots.offset(at) for at in slots.firings if at > start]
    if outage is None or not offsets:
        return Answers("on its grid", declared, "on its grid")
    if abs(slots.offset(outage[1].at)) < slots.early:
        return Silent("not exercised", "the instance was ready too close to a due instant")
    middle = median_low(offsets)  # a single late run is none of another grid
    is_moved = abs(middle) > slots.early
    seen = "on another grid" if is_moved else "on its grid"
    return Answers("on its grid", declared, seen, f"{_seconds(middle)} from it")


def _fire_4(slots: Slots, _: Behaviour) -> Finding:
    """Does each occurrence run?"""
    missing = _missing(slots)
    return Answers("each minute", "each minute", *(missing or ("each minute", "")))


def _missing(slots: Slots) -> tuple[str, str] | None:
    """The answer about occurrences without a run while nothing happened; None if there are none."""
    if not slots.firings:
        return "it never ran", ""
    judged = [slot for slot in slots.slots() if slots.is_undisturbed(slot)]
    missing = [slot for slot in judged if slot not in slots.counts]
    if not missing:
        return None
    return "occurrences are missing", f"{len(missing)} of {len(judged)} while nothing happened"


def _fire_6(slots: Slots, _: Behaviour) -> Finding:
    """Does an occurrence run before it is due?"""
    early = [
        due - at
        for at, firing in zip(slots.firings, slots.observation.firings, strict=True)
        if (due := _due(slots, at, firing.due)) is not None and due > at
    ]
    if not slots.is_cron and all(firing.due is None for firing in slots.observation.firings):
        return Silent("not observable", "the due instants of an interval job are not known")
    if not slots.firings:
        return Silent("not exercised", "nothing ran")
    seen = "early" if early else "never early"
    evidence = f"{len(early)} runs, by up to {_seconds(max(early))}" if early else ""
    return Answers("never early", "never early", seen, evidence)


def _due(slots: Slots, at: int, known: str | None) -> int | None:
    if known is not None:
        return read_instant(known)
    return (at + SECOND) // MINUTE * MINUTE if slots.is_cron else None


def _fire_8(slots: Slots, _: Behaviour) -> Finding:
    """Does the earlier definition run after the edit is in force?"""
    observation = slots.observation
    edited = next((one.at for one in observation.events if one.kind == "edited"), None)
    if edited is None:
        return Silent("not exercised", "nothing was edited")
    later = [
        firing
        for at, firing in zip(slots.firings, observation.firings, strict=True)
        if at > edited + SLACK
    ]
    if any(firing.payload is None for firing in later):
        return Silent("not observable", "the payload of a run is not known")
    old = [firing for firing in later if firing.payload == observation.scenario.job.payload]
    if not later:
        return Answers("the new one alone", "the new one alone", "nothing ran after the edit")
    seen = "the earlier one, too" if old else "the new one alone"
    evidence = f"{len(old)} of {len(later)} runs" if old else ""
    return Answers("the new one alone", "the new one alone", seen, evidence)


def _lead_3(slots: Slots, behaviour: Behaviour) -> Finding:
    """Does another instance act within the declared time?"""
    harm = slots.succession()
    if harm is None:
        return Silent("not exercised", "no instance died beside another one")
    if any(slots.due(slot) < harm.at for slot in slots.doubled()):
        return Silent("not observable", "every instance runs all: there is no active one")
    takeover = 0 if harm.kind == "stopping" else behaviour.longest_takeover
    if takeover is None:
        return Silent("not observable", "no time is declared in which another instance takes over")
    due = slots.due(slots.due_between(harm.at, harm.at + slots.interval)[0])
    limit = max(due, harm.at + takeover) + SLACK
    end = next(
        (one.at for one in slots.observation.events if one.kind == "resumed"),
        slots.observation.ended,
    )
    if end < limit:
        return Silent("not exercised", "it was not watched for as long as a takeover may take")
    found = slots.fired_in(harm.at, end)
    seen = "within the declared time" if found and found[0] <= limit else "later"
    first = f"{_seconds(found[0] - harm.at)} after" if found else "never within what was watched of"
    evidence = f"the first run came {first} the harm; {_seconds(limit - harm.at)} are allowed"
    return Answers("within the declared time", "within the declared time", seen, evidence)


def _lead_4(slots: Slots, behaviour: Behaviour) -> Finding:
    """How many runs make up for what was missed?"""
    outage = slots.outage()
    if outage is None or not slots.firings:
        return Silent("not exercised", "no instance was started after an outage")
    harm, ready = outage
    # It may act before it is ready: then what was due from that instant on was not missed.
    acts = next(iter(slots.fired_in(harm.at, ready.at)), ready.at)
    if acts < ready.at and abs(slots.offset(acts)) < slots.early:
        return Silent("not exercised", "a job ran at a due instant before the instance was ready")
    missed = slots.due_between(harm.at, acts)
    end = slots.due(slots.due_between(acts, acts + slots.interval)[0])
    if end - acts < slots.early:
        return Silent("not exercised", "the instance was ready too close to a due instant")
    made_up = slots.fired_in(harm.at, end - slots.early // 2)
    knob = behaviour.cron_missed if slots.is_cron else behaviour.interval_missed
    late = f", {_seconds(made_up[0] - slots.due(missed[-1]))} late" if made_up and missed else ""
    return Answers(
        _made_up(1, len(missed)),
        _made_up({"latest": 1, "all": len(missed), "none": 0}[knob], len(missed)),
        _made_up(len(made_up), len(missed)),
        late.removeprefix(", "),
    )


def _made_up(runs: int, missed: int) -> str:
    return f"{runs} run{'s' * (runs != 1)} for {missed} missed"


def _seconds(span: int) -> str:
    return f"{span / SECOND:.2f} s"


_QUESTIONS: dict[str, Callable[[Slots, Behaviour], Finding]] = {
    "FIRE-2": _fire_2,
    "FIRE-4": _fire_4,
    "FIRE-6": _fire_6,
    "FIRE-8": _fire_8,
    "LEAD-3": _lead_3,
    "LEAD-4": _lead_4,
    "PUB-1": _pub_1,
}
