"""Makes the store's scripts from the parts in ``lua/``: for each call, the blocks that it needs.

The one idea: a script defines all its functions anew in each call, which costs more than most
operations. So a line ``--@ name`` in a part begins a block, which defines `name`, and the script of
a call has the blocks that its operations name, directly or through other blocks. Text before the
first block of a part, or after ``--@`` alone, is in every script. All servers from Redis 6.2 on get
the same text.

A line ``--@ name rare`` begins the block of a function that few calls enter. Blocks that are needed
only through it stand inside of it, so that they are defined when it is entered. All parts but the
first stand in a function too: Lua gives a new function what an enclosing function has already taken
from outside faster than the variables of its own function. Lua allows each function 200 local
variables: a part whose functions are rarely called has them in a table, as ``kept.find``.

Each part mirrors a module of ``gnomon.reference.store``, function for function:

    common          keys, time, recording, delivering
    runs            runs.py
    deployed        deployed.py
    durable         how the profile stores its messages; the other profile is in classic
    messages        messages.py and waiting.py
    jobs            jobs.py
    limits          limits.py
    memory          memory.py
    changes         jobs.py, the operations that are rare, and job_changes.py
    servers         servers.py, what running servers report
    administration  servers.py, the rest, and questions
    listing         runs.py and jobs.py, the lists for people
    kept_messages   kept_messages.py
    pause           pause.py
    call            one call
"""

import re
from collections.abc import Iterator, Mapping, Set
from functools import lru_cache
from hashlib import sha1
from importlib.resources import files
from typing import NamedTuple

from gnomon.reference.store.administration import RUNS_KEPT
from gnomon.reference.store.faults import FAULTS_KEPT
from gnomon.reference.store.job_changes import BY_PLAN, CHANGES_KEPT
from gnomon.reference.store.kept_messages import MESSAGES_PAGE
from gnomon.reference.store.messages import MAX_ATTEMPTS, Profile
from gnomon.reference.store.unpublished import UNPUBLISHED_KEPT

SERVER_TIME = """(function()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end)"""
"""The expression from which a script takes the time (µs): the server's own clock."""

FREQUENT: Set[str] = frozenset({"Campaign", "Claim", "Execute", "Publish", "RecordEvents"})
"""The operations that a busy server sends in any combination."""

_PARTS = (
    "common",
    "runs",
    "deployed",
    "{profile}",
    "messages",
    "jobs",
    "limits",
    "memory",
    "changes",
    "servers",
    "administration",
    "listing",
    "kept_messages",
    "pause",
    "call",
)
_BLOCK = re.compile(r"^--@ ?(\S*)( rare)?\n", re.MULTILINE)
_COMMENT = re.compile(r"--[^\n]*")
_NAME = re.compile(r"[A-Za-z_]\w*")
_NUMBER = re.compile(r"\bmeta\.([a-z]+)")
_FIELD = re.compile(r"\b[A-Za-z_]\w*\.[A-Za-z_]\w*")


class Script(NamedTuple):
    """The text of a script, and the SHA-1 by which the server knows it."""

    text: bytes
    sha: str


class _Block(NamedTuple):
    """A part of the script's text: the name that it defines, empty if it is in every script."""

    name: str
    text: str
    is_rare: bool = False

    def names(self) -> Set[str]:
        """Every name in its text, whatever it stands for."""
        code = _COMMENT.sub("", self.text)
        return frozenset(_NAME.findall(code)) | frozenset(_FIELD.findall(code))


def script_of(profile: Profile, operations: Set[str], time: str = SERVER_TIME) -> Script:
    """The script for a call of these `operations`; `time` is the expression that reads the clock.

    There are few scripts, for the server keeps each: one for every set of frequent operations, one
    for every other operation alone, and one with everything.
    """
    is_whole = len(operations) > 1 and not operations <= FREQUENT
    return _script(profile, None if is_whole else frozenset(operations), time)


@lru_cache
def _script(profile: Profile, operations: Set[str] | None, time: str) -> Script:
    blocks = _blocks(profile)
    meanings = {block.name for block in blocks if block.name.startswith("meaning.")}
    named = meanings if operations is None else {f"meaning.{name}" for name in operations}
    text = _joined(blocks, named)
    numbers = ", ".join(f"'{name}'" for name in sorted(set(_NUMBER.findall(text))))
    encoded = text.replace("GNOMON_NUMBERS", numbers).replace("GNOMON_TIME", time).encode()
    return Script(encoded, sha1(encoded, usedforsecurity=False).hexdigest())


@lru_cache
def _blocks(profile: Profile) -> tuple[_Block, ...]:
    folder = files("gnomon.reference.live.store") / "lua"
    values = {
        "GNOMON_RUNS_KEPT": str(RUNS_KEPT),
        "GNOMON_CHANGES_KEPT": str(CHANGES_KEPT),
        "GNOMON_BY_PLAN": BY_PLAN,
        "GNOMON_UNPUBLISHED_KEPT": str(UNPUBLISHED_KEPT),
        "GNOMON_FAULTS_KEPT": str(FAULTS_KEPT),
        "GNOMON_MAX_ATTEMPTS": str(MAX_ATTEMPTS),
        "GNOMON_MESSAGES_PAGE": str(MESSAGES_PAGE),
    }
    blocks: list[_Block] = []
    for part in _PARTS:
        text = (folder / f"{part.format(profile=profile)}.lua").read_text("utf-8") + "\n"
        for name, value in values.items():
            text = text.replace(name, value)
        blocks += _split(text)
        if part == _PARTS[0]:
            blocks.append(_Block("", "return (function()\n"))
    return (*blocks, _Block("", "end)()\n"))


def _split(part: str) -> Iterator[_Block]:
    preamble, *pieces = _BLOCK.split(part)
    yield _Block("", preamble)
    for name, rare, text in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        yield _Block(name, text, rare is not None)


def _joined(blocks: tuple[_Block, ...], named: Set[str]) -> str:
    """The text of the blocks that the `named` ones need; a block too many does no harm."""
    uses = _uses(blocks)
    needed = _reached(uses, named)
    owners = _owners(blocks, uses, needed)
    inner: dict[str, str] = {}
    text = ""
    for block in blocks:
        if block.name not in needed:
            continue
        own = _with_inner(block, inner.pop(block.name)) if block.name in inner else block.text
        owner = owners.get(block.name)
        if owner is None:
            text += own
        else:
            inner[owner] = inner.get(owner, "") + own
    return text


def _with_inner(block: _Block, inner: str) -> str:
    """The block of a function with other blocks inside, before the function's own lines."""
    head, line, rest = block.text.partition(f"local function {block.name}(")
    parameters, end, body = rest.partition(")\n")
    return head + line + parameters + end + inner + body


def _owners(
    blocks: tuple[_Block, ...], uses: Mapping[str, Set[str]], needed: Set[str]
) -> Mapping[str, str]:
    """For each block that is needed only through rare ones, the innermost of these.

    Fields of tables may be named before they are defined, so they stay outside.
    """
    roots = {name for name in needed if "." in name}
    through = {
        block.name: needed - _reached(uses, roots, without=block.name) - {block.name}
        for block in blocks
        if block.is_rare and block.name in needed
    }
    owners: dict[str, str] = {}
    for rare in sorted(through, key=lambda name: len(through[name]), reverse=True):
        owners |= dict.fromkeys(through[rare], rare)
    return owners


def _reached(uses: Mapping[str, Set[str]], named: Set[str], without: str | None = None) -> Set[str]:
    """The names of the blocks that are needed directly or through others but for one."""
    pending = {"", *named}
    reached: set[str] = set()
    while pending:
        name = pending.pop()
        reached.add(name)
        pending |= uses[name] - reached - {without}
    return reached


@lru_cache
def _uses(blocks: tuple[_Block, ...]) -> Mapping[str, Set[str]]:
    """The blocks that each block names; a local variable is known only after it."""
    fields = {block.name for block in blocks if "." in block.name}
    known: set[str] = set()
    uses: dict[str, Set[str]] = {}
    for block in blocks:
        known.add(block.name)
        uses[block.name] = uses.get(block.name, frozenset()) | (block.names() & (known | fields))
    return uses
