"""Makes the store's scripts from the parts in ``lua/``: for each call, the blocks that it needs.

The one idea: a script defines all its functions anew in each call, which costs more than most
operations. So a line ``--@ name`` in a part begins a block, which defines `name`, and the script of
a call has the blocks that its operations name, directly or through other blocks. Text before the
first block of a part, or after ``--@`` alone, is in every script. All servers from Redis 6.2 on get
the same text. Lua allows 200 local variables in a script, and the script with everything has nearly
as many: a part whose functions are rarely called has them in a table, as ``kept.find``.

Each part mirrors a module of ``gnomon.reference.store``, function for function:

    common          keys, time, recording, delivering
    runs            runs.py
    deployed        deployed.py
    durable         how the profile stores its messages; the other profile is in classic
    messages        messages.py and waiting.py
    jobs            jobs.py
    limits          limits.py
    memory          memory.py
    changes         jobs.py, the operations that are rare
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
from gnomon.reference.store.kept_messages import MESSAGES_PAGE
from gnomon.reference.store.messages import MAX_ATTEMPTS, Profile

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
_BLOCK = re.compile(r"^--@ ?(\S*)\n", re.MULTILINE)
_COMMENT = re.compile(r"--[^\n]*")
_NAME = re.compile(r"[A-Za-z_]\w*")
_FIELD = re.compile(r"\b[A-Za-z_]\w*\.[A-Za-z_]\w*")


class Script(NamedTuple):
    """The text of a script, and the SHA-1 by which the server knows it."""

    text: bytes
    sha: str


class _Block(NamedTuple):
    """A part of the script's text: the name that it defines, empty if it is in every script."""

    name: str
    text: str

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
    needed = {block.name for block in blocks} if operations is None else _needed(blocks, operations)
    text = "".join(block.text for block in blocks if block.name in needed)
    encoded = text.replace("GNOMON_TIME", time).encode()
    return Script(encoded, sha1(encoded, usedforsecurity=False).hexdigest())


@lru_cache
def _blocks(profile: Profile) -> tuple[_Block, ...]:
    folder = files("gnomon.reference.live.store") / "lua"
    values = {
        "GNOMON_RUNS_KEPT": str(RUNS_KEPT),
        "GNOMON_MAX_ATTEMPTS": str(MAX_ATTEMPTS),
        "GNOMON_MESSAGES_PAGE": str(MESSAGES_PAGE),
    }
    blocks: list[_Block] = []
    for part in _PARTS:
        text = (folder / f"{part.format(profile=profile)}.lua").read_text("utf-8") + "\n"
        for name, value in values.items():
            text = text.replace(name, value)
        blocks += _split(text)
    return tuple(blocks)


def _split(part: str) -> Iterator[_Block]:
    preamble, *pieces = _BLOCK.split(part)
    yield _Block("", preamble)
    for name, text in zip(pieces[::2], pieces[1::2], strict=True):
        yield _Block(name, text)


def _needed(blocks: tuple[_Block, ...], operations: Set[str]) -> Set[str]:
    """The names of the blocks that calls of `operations` need; a name too many does no harm."""
    uses: Mapping[str, Set[str]] = _uses(blocks)
    pending = {"", *(f"meaning.{operation}" for operation in operations)}
    needed: set[str] = set()
    while pending:
        name = pending.pop()
        needed.add(name)
        pending |= uses[name] - needed
    return needed


@lru_cache
def _uses(blocks: tuple[_Block, ...]) -> Mapping[str, Set[str]]:
    """The blocks that each block names."""
    defined = {block.name for block in blocks}
    uses: dict[str, Set[str]] = {}
    for block in blocks:
        uses[block.name] = uses.get(block.name, frozenset()) | (block.names() & defined)
    return uses
