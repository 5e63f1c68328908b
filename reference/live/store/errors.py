"""Failures of calls to the store, classified by what helps against them.

The one idea: a failure is a value, made in one place, whose kind says what helps. No caller looks
at error texts.

    kind           what has happened                        what helps
    unreachable    nobody there: refused, no such name      wait; resolve the address anew
    timeout        no answer in time                        wait; resolve the address anew
    lost           the connection broke                     wait; resolve the address anew
    demoted        it takes no writes (READONLY…)           wait; resolve the address anew
    moved          another node answers for the keys        wait; resolve the address anew
    loading        it reads its data from disk (LOADING)    wait
    busy           another client's script runs for long    wait
    full           no memory, no disk (OOM, MISCONF)        a person, and waiting
    evicting       it may throw our data away               a person
    scripts        it does not have our scripts (NOSCRIPT)  load them again
    refused        wrong password, missing rights           a person
    failed         anything else that it answered           a person

After any failure it is not known whether the operation was carried out; the protocol repeats it
where that is safe. No kind ends a running server, because a person may repair the cause. Only a
server that starts gives up when waiting cannot help.
"""

import re
import ssl
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import msgspec
import redis

from gnomon.reference.live.store.storage import StoreUnavailable
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.reference.store.messages import Profile

Kind = Literal[
    "unreachable",
    "timeout",
    "lost",
    "demoted",
    "moved",
    "loading",
    "busy",
    "full",
    "evicting",
    "scripts",
    "refused",
    "failed",
]

FIRST_PAUSE = 50 * MILLISECOND
LONGEST_PAUSE = 2 * SECOND


class _Text(NamedTuple):
    problem: str
    advice: str


_TEXTS: dict[Kind, _Text] = {
    "unreachable": _Text(
        "the store cannot be reached", "see that it runs and that the address is right"
    ),
    "timeout": _Text(
        "the store does not answer in time", "see whether it or the network is overloaded"
    ),
    "lost": _Text("the connection to the store broke", "see whether it has been restarted"),
    "demoted": _Text(
        "the server that answered takes no writes",
        "give the primary's address, or let Sentinel find it: redis+sentinel://…; "
        "see that it has the replicas that it requires",
    ),
    "moved": _Text(
        "another node of the cluster answers for our keys",
        "give the address as redis+cluster://…, and see that every slot is served",
    ),
    "loading": _Text("the store is reading its data from disk", "wait until it has ended"),
    "busy": _Text(
        "the store is busy with a script", "see with SLOWLOG whose it is; SCRIPT KILL ends it"
    ),
    "full": _Text("the store takes no more data", "give it memory or disk, or raise its maxmemory"),
    "evicting": _Text(
        "the store throws away jobs and messages when memory runs out",
        "CONFIG SET maxmemory-policy noeviction, and set it in its configuration",
    ),
    "scripts": _Text("the store does not have our scripts", "they are loaded again"),
    "refused": _Text(
        "the store does not let us in", "see that user, password and rights are right"
    ),
    "failed": _Text(
        "the store answered with an error", "see its log, and that it is what the address says"
    ),
}

_RESOLVES_ANEW = frozenset({"unreachable", "timeout", "lost", "demoted", "moved"})
_IS_PERMANENT = frozenset({"refused", "failed"})


class Failure(msgspec.Struct, frozen=True):
    """Why a call failed, for programs (`kind`) and for people (`problem` and `advice`)."""

    kind: Kind
    problem: str
    advice: str

    @property
    def resolves_anew(self) -> bool:
        """Whether the store may be at another place now: its address is then resolved anew."""
        return self.kind in _RESOLVES_ANEW

    @property
    def is_permanent(self) -> bool:
        """Whether waiting cannot help: a server that starts then gives up (exit 2)."""
        return self.kind in _IS_PERMANENT


class StoreUnusable(Exception):
    """The given store cannot be used: the problem, and advice.

    For a command this is bad input (exit 2). Later failures are `StoreUnavailable`.
    """

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}; {advice}")
        self.problem = problem
        self.advice = advice


class Unresolved(redis.RedisError):
    """No Sentinel, or no node of a cluster, knows where the store is."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.problem)
        self.failure = failure


class NotReplicated(redis.ResponseError):
    """A change has reached fewer replicas than this server requires of it."""

    def __init__(self, reached: int, required: int) -> None:
        self.failure = Failure(
            "demoted",
            f"{reached} of {required} replicas have the change, so that it does not count",
            "connect replicas to this store (INFO replication lists them), or start every server "
            f"with a lower --replicas than {required}",
        )
        super().__init__(self.failure.problem)


def failure(kind: Kind, detail: str) -> Failure:
    """A failure of that kind; `detail` is the server's error text, or the place."""
    problem, advice = _TEXTS[kind]
    return Failure(kind, f"{problem}: {detail}" if detail else problem, advice)


def unavailable(failure: Failure) -> StoreUnavailable:
    """The exception that reports a failure to people."""
    return StoreUnavailable(failure.problem, failure.advice)


def pause_after(failures: int) -> int:
    """Pause (µs) before the next attempt, after this number of failures in a row.

    50 ms after the first, then twice as long each time, 2 s at most.
    """
    doublings = min(max(failures, 1) - 1, LONGEST_PAUSE.bit_length())
    return min(FIRST_PAUSE << doublings, LONGEST_PAUSE)


# --- from an error to a failure

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
"""The first word of a server's error."""

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
"""redis-py removes the code from errors that it has a class for."""

_BROKEN = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, EOFError)
_CODE = re.compile(r"-?([A-Z]{2,}) ")
_CODE_IN_A_SCRIPT = re.compile(r"@user_script: ?\d+: -([A-Z]{2,}) ")
"""Up to Redis 6.2 an error of a script is wrapped in another."""


def classify(error: Exception) -> Failure:
    """The failure that an error of the store means; for any other error, of kind ``failed``."""
    if isinstance(error, Unresolved | NotReplicated):
        return error.failure
    return failure(_kind_of(error), text_of(error))


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
    """Whether there was no connection, it broke, or the server refused it."""
    cause = error if isinstance(error, OSError) else error.__cause__ or error.__context__
    if isinstance(cause, PermissionError):  # of a socket's file
        return "refused"
    if isinstance(cause, ssl.SSLError):
        return "failed"
    if isinstance(cause, OSError) and not isinstance(cause, _BROKEN):
        return "unreachable"
    return "unreachable" if "max number of clients" in text_of(error) else "lost"


def text_of(error: Exception) -> str:
    """The error's text on one line, without the command that redis-py quotes in a pipeline."""
    text = " ".join(str(error).split()).rpartition(" of pipeline caused error: ")[2]
    return text.removesuffix(".") or type(error).__name__


# --- checks at the start of a server


class ServerFacts(msgspec.Struct, frozen=True):
    """Facts of a store: its `version`, "" if it is not known, and `warnings`."""

    version: str
    warnings: tuple[str, ...]


OLDEST = (6, 2)
_NO_INFO = (
    "its version and settings are not known: INFO is not permitted; see that its maxmemory-policy "
    "is noeviction"
)


def check_server(client: redis.Redis, profile: Profile) -> ServerFacts:
    """Check a store before it is used: Redis 6.2 or later, or Valkey, that keeps all data.

    Other settings that may cost data are warnings, and so are those that may not be read. Raises
    StoreUnusable if the server is too old or evicts keys that the profile needs, and what redis-py
    raises if the call fails.
    """
    try:
        info: dict[str, object] = client.info()
    except redis.exceptions.NoPermissionError:
        return ServerFacts("", (_NO_INFO,))
    version = str(info.get("redis_version", ""))
    if version and _numbers(version) < OLDEST:
        raise StoreUnusable(
            f"the store is Redis {version}", "it takes Redis 6.2 or later, or Valkey"
        )
    eviction = eviction_problem(info, profile)
    if eviction is not None:
        raise StoreUnusable(eviction.problem, eviction.advice)
    name = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {version}"
    return ServerFacts(name if version else "", tuple(_warnings(info)))


def eviction_problem(info: Mapping[str, object], profile: Profile) -> Failure | None:
    """What is wrong with the maxmemory-policy in `info`, a reply to INFO; None if nothing is.

    The volatile policies evict only keys that expire: only the messages of the classic profile do.
    """
    policy = str(info.get("maxmemory_policy", "noeviction"))
    is_safe = policy == "noeviction" or (profile == "durable" and policy.startswith("volatile-"))
    if is_safe:
        return None
    return failure("evicting", f"its maxmemory-policy is {policy}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))


def _warnings(info: dict[str, object]) -> Iterable[str]:
    if "maxmemory_policy" not in info:
        yield "its maxmemory-policy is not known: see that it is noeviction"
    if info.get("aof_enabled", 1) == 0:
        yield (
            "its append-only file is off: when it ends unexpectedly it forgets its last writes, or "
            "all of them; set appendonly yes"
        )
