"""What can go wrong on the way to the store, and what is done about it.

The one idea: an error of the store is a value, made in one place, with a kind that says what helps.
No caller looks at error texts.

    kind           what has happened                        what helps
    unreachable    nobody there: refused, no such name      wait; resolve the address anew
    timeout        no answer in time                        wait; resolve the address anew
    lost           the connection broke                     wait; resolve the address anew
    demoted        it takes no writes (READONLY…)           wait; resolve the address anew
    moved          another node answers for the keys        wait; resolve the address anew
    loading        it reads its data from disk (LOADING)    wait
    busy           a script of somebody runs for long       wait
    full           no memory, no disk (OOM, MISCONF)        a person, and waiting
    scripts        it does not have our scripts (NOSCRIPT)  load them again
    refused        wrong password, missing rights           a person
    failed         anything else that it answered           a person

Whichever it was, whether the operation has been carried out is not known, and the protocol asks
again by itself. No kind ends a server that runs: what was wrong may be put right. Only a start
gives up on what waiting cannot mend.
"""

import re
import ssl
from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec
import redis

from gnomon.reference.live.store.storage import StoreUnavailable
from gnomon.reference.schedule.clock import MILLISECOND, SECOND

Kind = Literal[
    "unreachable",
    "timeout",
    "lost",
    "demoted",
    "moved",
    "loading",
    "busy",
    "full",
    "scripts",
    "refused",
    "failed",
]

FIRST_PAUSE = 50 * MILLISECOND
LONGEST_PAUSE = 2 * SECOND


class _Saying(NamedTuple):
    problem: str
    advice: str


_SAYINGS: dict[Kind, _Saying] = {
    "unreachable": _Saying(
        "the store cannot be reached", "see that it runs and that the address is right"
    ),
    "timeout": _Saying(
        "the store does not answer in time", "see whether it or the network is overloaded"
    ),
    "lost": _Saying("the connection to the store broke", "see whether it has been restarted"),
    "demoted": _Saying(
        "the server that answered takes no writes",
        "give the primary's address, or let Sentinel find it: redis+sentinel://…; "
        "see that it has the replicas that it requires",
    ),
    "moved": _Saying(
        "another node of the cluster answers for our keys",
        "give the address as redis+cluster://…, and see that every slot is served",
    ),
    "loading": _Saying("the store is reading its data from disk", "wait until it has ended"),
    "busy": _Saying(
        "the store is busy with a script", "see with SLOWLOG whose it is; SCRIPT KILL ends it"
    ),
    "full": _Saying(
        "the store takes no more data", "give it memory or disk, or raise its maxmemory"
    ),
    "scripts": _Saying("the store does not have our scripts", "they are loaded again"),
    "refused": _Saying(
        "the store does not let us in", "see that user, password and rights are right"
    ),
    "failed": _Saying(
        "the store answered with an error", "see its log, and that it is what the address says"
    ),
}

_RESOLVES_ANEW = frozenset({"unreachable", "timeout", "lost", "demoted", "moved"})
_IS_PERMANENT = frozenset({"refused", "failed"})


class Trouble(msgspec.Struct, frozen=True):
    """What went wrong, for programs (`kind`) and for people (`problem` and `advice`)."""

    kind: Kind
    problem: str
    advice: str

    @property
    def resolves_anew(self) -> bool:
        """Whether the store may be somewhere else by now, so that its address is resolved anew."""
        return self.kind in _RESOLVES_ANEW

    @property
    def is_permanent(self) -> bool:
        """Whether waiting does not help: a server that is only starting gives up (exit 2)."""
        return self.kind in _IS_PERMANENT


class StoreUnusable(Exception):
    """A start cannot go on with the store that it was given: what is wrong, what would be right.

    For the command this is bad input (exit 2). What fails later is a `StoreUnavailable`.
    """

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}; {advice}")
        self.problem = problem
        self.advice = advice


class Unresolved(redis.RedisError):
    """Whoever was asked where the store is (Sentinels, nodes of a cluster) could not say."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.problem)
        self.trouble = trouble


def trouble(kind: Kind, detail: str) -> Trouble:
    """A trouble of that kind; `detail` says where, or in whose words."""
    problem, advice = _SAYINGS[kind]
    return Trouble(kind, f"{problem}: {detail}" if detail else problem, advice)


def unavailable(trouble: Trouble) -> StoreUnavailable:
    """How people are told of it."""
    return StoreUnavailable(trouble.problem, trouble.advice)


def pause_after(failures: int) -> int:
    """How long to wait (µs) before the store is tried again, after so many failures in a row.

    50 ms after the first, then twice as long each time, 2 s at most.
    """
    doublings = min(max(failures, 1) - 1, LONGEST_PAUSE.bit_length())
    return min(FIRST_PAUSE << doublings, LONGEST_PAUSE)


# --- from an error to a trouble

_KINDS_OF_CODES: dict[str, Kind] = {
    "READONLY": "demoted",
    "MASTERDOWN": "demoted",
    "NOREPLICAS": "demoted",  # a primary that is cut off from its replicas, where they are required
    "UNBLOCKED": "demoted",  # a waiting client is sent away when its primary becomes a replica
    "MOVED": "moved",
    "ASK": "moved",
    "TRYAGAIN": "moved",
    "CLUSTERDOWN": "moved",
    "LOADING": "loading",
    "BUSY": "busy",
    "OOM": "full",
    "MISCONF": "full",
    "NOSCRIPT": "scripts",
    "NOAUTH": "refused",
    "WRONGPASS": "refused",
    "NOPERM": "refused",
    "DENIED": "refused",
}
"""What a server's answer begins with."""

_CODES_OF_CLASSES: dict[type[Exception], str] = {
    redis.exceptions.ReadOnlyError: "READONLY",
    redis.exceptions.MasterDownError: "MASTERDOWN",
    redis.exceptions.MovedError: "MOVED",
    redis.exceptions.AskError: "ASK",
    redis.exceptions.TryAgainError: "TRYAGAIN",
    redis.exceptions.ClusterDownError: "CLUSTERDOWN",
    redis.BusyLoadingError: "LOADING",
    redis.OutOfMemoryError: "OOM",
    redis.exceptions.NoScriptError: "NOSCRIPT",
    redis.AuthenticationError: "NOAUTH",
    redis.exceptions.NoPermissionError: "NOPERM",
}
"""redis-py takes the code off an answer that it has a class for."""

_BROKEN = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, EOFError)
_CODE = re.compile(r"-?([A-Z]{2,}) ")
_CODE_IN_A_SCRIPT = re.compile(r"@user_script: ?\d+: -([A-Z]{2,}) ")
"""Up to Redis 6.2 an error within a script comes wrapped in the script's own."""


def classify(error: Exception) -> Trouble:
    """What an error of the store is; of any other error, that it failed."""
    if isinstance(error, Unresolved):
        return error.trouble
    return trouble(_kind_of(error), text_of(error))


def _kind_of(error: Exception) -> Kind:
    code = _code_of(error)
    if code in _KINDS_OF_CODES:
        return _KINDS_OF_CODES[code]
    if isinstance(error, redis.TimeoutError | TimeoutError):
        return "timeout"
    if isinstance(error, redis.ConnectionError | OSError):
        return _kind_of_connection(error)
    return "failed"


def _code_of(error: Exception) -> str | None:
    if type(error) in _CODES_OF_CLASSES:
        return _CODES_OF_CLASSES[type(error)]
    text = text_of(error)
    code = _CODE_IN_A_SCRIPT.search(text) or _CODE.match(text)
    return code[1] if code else None


def _kind_of_connection(error: Exception) -> Kind:
    """Whether there never was a connection, it broke, or it was not to be had."""
    cause = error if isinstance(error, OSError) else error.__cause__ or error.__context__
    if isinstance(cause, PermissionError):  # of a socket's file
        return "refused"
    if isinstance(cause, ssl.SSLError):
        return "failed"
    if isinstance(cause, OSError) and not isinstance(cause, _BROKEN):
        return "unreachable"
    return "unreachable" if "max number of clients" in text_of(error) else "lost"


def text_of(error: Exception) -> str:
    """What the error says, on one line, without the command that redis-py quotes in a pipeline."""
    text = " ".join(str(error).split()).rpartition(" of pipeline caused error: ")[2]
    return text.removesuffix(".") or type(error).__name__


# --- what is looked at when a server starts


class ServerFacts(msgspec.Struct, frozen=True):
    """What a store says of itself: its `version` ("" if it does not say), and `warnings`."""

    version: str
    warnings: tuple[str, ...]


OLDEST = (6, 2)


def check_server(client: redis.Redis) -> ServerFacts:
    """Look at a store before it is used. It must be Redis 6.2, or answer like it.

    What may cost data is a warning. Somebody who may not use INFO cannot be told anything. Raises
    StoreUnusable if it is too old, and what redis-py raises if it cannot be asked.
    """
    try:
        info = client.info()
    except redis.exceptions.NoPermissionError:
        return ServerFacts("", ("its version and settings are not known: INFO is not permitted",))
    version = str(info.get("redis_version", ""))
    if version and _numbers(version) < OLDEST:
        raise StoreUnusable(
            f"the store is Redis {version}", "it takes Redis 6.2 or later, or Valkey"
        )
    name = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {version}"
    return ServerFacts(name if version else "", tuple(_warnings(info)))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))


def _warnings(info: dict[str, object]) -> Iterable[str]:
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield (
            f"its maxmemory-policy is {policy}: when memory runs out it throws jobs and messages "
            "away; set noeviction"
        )
    if info.get("aof_enabled", 1) == 0:
        yield (
            "its append-only file is off: when it ends unexpectedly it forgets its last writes, or "
            "all of them; set appendonly yes"
        )
