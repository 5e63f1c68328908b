"""Loads the store's script, one for each profile, from its parts in ``lua/``.

The one idea: each part mirrors a module of ``gnomon.reference.store``, function for function, and a
call of the script carries out operations with the meaning of those modules.

    common          keys, time, recording, delivering
    runs            runs.py
    durable         how the profile stores its messages; the other profile is in classic
    messages        messages.py
    jobs            jobs.py
    memory          memory.py
    changes         jobs.py, the operations that are rare
    servers         servers.py, what running servers report
    administration  servers.py, the rest, and questions
    kept_messages   kept_messages.py
    call            one call
"""

from functools import lru_cache
from importlib.resources import files

from gnomon.reference.store.administration import RUNS_KEPT
from gnomon.reference.store.kept_messages import MESSAGES_PAGE
from gnomon.reference.store.messages import MAX_ATTEMPTS, Profile

SERVER_TIME = """(function()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end)"""
"""The expression from which a script takes the time (µs): the server's own clock."""

_PARTS = (
    "common",
    "runs",
    "{profile}",
    "messages",
    "jobs",
    "memory",
    "changes",
    "servers",
    "administration",
    "kept_messages",
    "call",
)


@lru_cache
def script(profile: Profile, time: str = SERVER_TIME) -> bytes:
    """The whole script of a profile; `time` is the expression that reads the clock."""
    folder = files("gnomon.reference.live.store") / "lua"
    parts = [(folder / f"{part.format(profile=profile)}.lua").read_text("utf-8") for part in _PARTS]
    text = "\n".join(parts)
    values = {
        "GNOMON_TIME": time,
        "GNOMON_RUNS_KEPT": str(RUNS_KEPT),
        "GNOMON_MAX_ATTEMPTS": str(MAX_ATTEMPTS),
        "GNOMON_MESSAGES_PAGE": str(MESSAGES_PAGE),
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text.encode()
