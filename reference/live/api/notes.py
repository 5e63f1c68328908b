"""The note of a change of a job, which the store keeps: who makes it, and what an edit changes."""

from gnomon.reference import jobs
from gnomon.reference.jobs import Definition
from gnomon.reference.live.api.access.roles import requester
from gnomon.reference.store.operations import OPERATOR, Note

LONGEST_VALUE = 100
"""Characters of a value of a field in a note; a longer one is cut."""


def author() -> str:
    """Who makes the request: a user's name, or an address at a server without credentials."""
    present = requester()
    if present is None:
        return OPERATOR
    return present.address if present.user is None else present.user.name


def note(before: Definition | None = None, after: Definition | None = None) -> Note:
    """The note of a change by whoever makes the request under way, from one definition to another.

    It has no extra data, which may be a secret: only that it was changed.
    """
    if before is None or after is None:
        return Note(author())
    old, new = jobs.write(before), jobs.write(after)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return Note(author(), tuple(_change(name, old, new) for name in changed))


def _change(name: str, old: dict[str, object], new: dict[str, object]) -> str:
    if name == "extra":
        return name
    first, last = (str(values.get(name, "default"))[:LONGEST_VALUE] for values in (old, new))
    return f"{name}: {first} → {last}"
