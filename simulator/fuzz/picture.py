"""The page of a found fault: its story, its time line with the violation, and the rules.

The one idea: the story says what led to the fault, and the picture beside it shows where and when.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from gnomon.simulator.fuzz.judge import ERROR, Broken, Trial
from gnomon.specs.render.documents.page import Section, about, as_text, page, timeline_section
from gnomon.specs.render.documents.report import rules
from gnomon.specs.render.timeline.incidents import Incident
from gnomon.specs.render.timeline.picture import Flag, Picture, picture_of
from gnomon.specs.rules import RULES, judge_trace


def story_page(trial: Trial, broken: Broken | None, story: Sequence[str]) -> str:
    """The page of a fault that a trial found, with the `story` of it, a line each.

    If nothing is `broken` it is the page of what happened.
    """
    # After an exception the history ends too early for the rules to judge it.
    is_whole = all(one.rule != ERROR for one in trial.broken)
    findings = judge_trace(trial.trace) if is_whole else {}
    picture = picture_of(trial.trace, findings or None)
    title, sections = trial.recording.title or "A recording", []
    lead = about(picture)
    if broken is not None:
        picture = _flagged(picture, broken)
        lines = "\n".join(map(as_text, story))
        sections.append(Section("How it came about", [f"<pre>{lines}</pre>"]))
        lead = [f"{broken.rule} is broken: {broken.what}.", *lead]
    sections.append(timeline_section(picture, title))
    if findings:
        sections.append(rules(picture, findings))
    return "".join(page(title, sections, lead))


def _flagged(picture: Picture, broken: Broken) -> Picture:
    """The picture with a flag for a fault that is no rule's: an exception, or no progress."""
    if broken.rule in RULES:
        return picture
    text = f"{broken.rule}: {broken.what}"
    return replace(
        picture,
        flags=[*picture.flags, Flag(broken.at, broken.rule, broken.what, None, None)],
        incidents=[*picture.incidents, Incident(broken.at, broken.at, "violation", text)],
    )
