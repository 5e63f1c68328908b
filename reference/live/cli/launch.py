"""What the options of ``gnomon serve`` and ``record`` mean, and the start of what they ask for.

The one idea: options become values, and whatever is wrong with one of them is said before anything
is started.
"""

import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from gnomon.reference.live import DEFAULT_HTTP, EVENTS_KEPT
from gnomon.reference.live.api.auth import Unguarded, guard_for
from gnomon.reference.live.api.credentials import BadCredentials, Credentials, read_credentials
from gnomon.reference.live.cli.record import read_since, record, write
from gnomon.reference.live.runtime.logs import Format
from gnomon.reference.live.runtime.node import Shape
from gnomon.reference.live.runtime.process import LONGEST_TIMEOUT, StoreOptions
from gnomon.reference.live.runtime.services import BadServices, find_services
from gnomon.reference.live.runtime.supervisor import (
    CannotServe,
    Logging,
    Plan,
    serve_plan,
    serve_together,
)
from gnomon.reference.live.store.address import Address, read_address
from gnomon.reference.live.store.connection import Connection, report_nothing
from gnomon.reference.live.store.embedded import default_folder, embedded_store
from gnomon.reference.live.store.errors import StoreUnusable
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.live.store.storage import StoreUnavailable
from gnomon.reference.schedule.clock import (
    MILLISECOND,
    read_duration,
    write_duration,
    write_instant,
)
from gnomon.reference.service import Service
from gnomon.reference.store.messages import Profile
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput, read_file

SHORTEST_LEASE = 300 * MILLISECOND
LARGEST_CREDENTIALS = 2**20
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
PREFIX = re.compile(r"[^{}\s]{1,64}")

Place = tuple[str, int] | None
"""A host and a port where an API is served; None where there is none."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, as it was written."""

    redis: str | None
    name: str | None
    workers: int
    services: list[str]
    http: str
    auth: Path | None
    servers: int
    data: Path | None
    profile: Profile
    lease: str
    grace: str
    keep: int
    replicas: int
    prefix: str
    history: Path | None
    log: Format
    log_level: str
    log_payloads: bool


class RecordOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be recorded, as it was written."""

    redis: str | None
    data: Path | None
    prefix: str
    since: str | None
    travel: str | None


def start(options: Options) -> bool:
    """Run what is asked for until it is told to end; whether it left in good order.

    Raises BadInput.
    """
    plans = _plans(options)
    logging = Logging(options.log, options.log_level.upper(), options.log_payloads)
    logging.configure()
    with _store(options.redis, options.data) as address:
        ready = [plan(address) for plan in plans]
        begins = console.now()
        try:
            in_order = serve_plan(ready[0]) if len(ready) == 1 else serve_together(ready, logging)
        except CannotServe as error:
            raise BadInput("serve", [str(error)]) from None
        if options.history is not None:
            _record(ready[0].store, begins, None, options.history)
        return in_order


def record_to_file(options: RecordOptions, out: Path) -> None:
    """Write what a cluster did to `out`. Raises BadInput."""
    since = read_since(options.since, console.now())
    travel = None if options.travel is None else _duration("--travel", options.travel, 0)
    prefix = _prefix(options.prefix)
    with _store(options.redis, options.data) as address:
        store = StoreOptions(address=address, prefix=prefix, profile="durable", keep=EVENTS_KEPT)
        _record(store, since, travel, out)


def _record(store: StoreOptions, since: int | None, travel: int | None, out: Path) -> None:
    connection = Connection(store.open(LONGEST_TIMEOUT), report_nothing)
    try:
        with console.working("recording"):
            found = record(RedisStorage(connection), since, travel)
        write(found, out)
    except StoreUnavailable as error:
        raise BadInput("the store", [str(error)]) from None
    finally:
        connection.close()
    begins, ends = write_instant(found.header.start), write_instant(found.header.end)
    console.say(f"{out}: {console.counted(len(found.events), 'event')}, {begins} to {ends}")


def _plans(options: Options) -> list[Callable[[Address], Plan]]:
    """The plan of each server, but for where the store is. Raises BadInput."""
    services = _services(options.services)
    credentials = None if options.auth is None else _credentials(options.auth)
    places = _places(options.http, options.servers, credentials)
    names = _names(options.name, options.servers, places)
    lease = _duration("--lease", options.lease, SHORTEST_LEASE)
    grace = _duration("--grace", options.grace, 0)
    prefix = _prefix(options.prefix)

    def plan(name: str, place: Place, address: Address) -> Plan:
        return Plan(
            shape=Shape(
                name=name,
                workers=options.workers,
                services=tuple(sorted(services)),
                lease=lease,
                grace=grace,
            ),
            services=services,
            store=StoreOptions(
                address=address,
                prefix=prefix,
                profile=options.profile,
                keep=options.keep,
                replicas=options.replicas,
            ),
            http=place,
            credentials=credentials,
        )

    return [partial(plan, name, place) for name, place in zip(names, places, strict=True)]


# --- what the options mean


def _names(name: str | None, servers: int, places: Sequence[Place]) -> list[str]:
    """The name of each server: by itself the machine's, and what tells it from others there."""
    host = re.sub(r"[^A-Za-z0-9._-]+", "-", socket.gethostname())[:50] or "server"
    if name is not None and not NAME.fullmatch(name):
        allowed = "1 to 64 letters, digits, dots, underscores and hyphens"
        raise BadInput("--name", [f"it must be {allowed}; given was {name!r}"])
    if servers == 1:
        port = places[0][1] if places[0] else 0  # 0: whichever is free
        return [name or f"{host}-{port or os.getpid()}"]
    stem = f"{name[:60]}-" if name else "s"
    return [f"{stem}{number}" for number in range(1, servers + 1)]


def _places(http: str, servers: int, credentials: Credentials | None) -> list[Place]:
    """Where each server serves its API: one port after another."""
    if http == "none":
        return [None] * servers
    host, _, port = http.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) + servers > 65_536:
        problem = f"it must be HOST:PORT such as {DEFAULT_HTTP}, or none; given was {http!r}"
        raise BadInput("--http", [problem])
    try:
        guard_for(host, credentials)
    except Unguarded as error:
        raise BadInput("--http", [str(error)]) from None
    first = int(port)
    return [(host, first + number if first else 0) for number in range(servers)]


def _prefix(prefix: str) -> str:
    if not PREFIX.fullmatch(prefix):
        allowed = "1 to 64 characters, neither braces nor blanks"
        raise BadInput("--prefix", [f"it must be {allowed}; given was {prefix!r}"])
    return prefix


def _duration(option: str, text: str, least: int) -> int:
    try:
        duration = read_duration(text)
    except ValueError as error:
        raise BadInput(option, [f"{error}; given was {text!r}"]) from None
    if duration < least:
        raise BadInput(option, [f"it must be at least {write_duration(least)}; given was {text}"])
    return duration


def _services(modules: list[str]) -> dict[str, type[Service]]:
    try:
        return find_services(modules)
    except BadServices as error:
        raise BadInput("--services", error.faults) from None


def _credentials(path: Path) -> Credentials:
    lines = read_file(path, LARGEST_CREDENTIALS).decode("utf-8", "replace").splitlines()
    try:
        return read_credentials(lines)
    except BadCredentials as error:
        raise BadInput(str(path), error.faults) from None


@contextmanager
def _store(redis: str | None, data: Path | None) -> Iterator[Address]:
    """The store that is given, or one of one's own while it is needed. Raises BadInput."""
    if redis is not None and data is not None:
        raise BadInput("--data", ["a store that is given with --redis keeps its own data"])
    try:
        if redis is not None:
            yield read_address(redis)
            return
        with embedded_store(data or default_folder(os.environ)) as store:
            yield store.address
    except StoreUnusable as error:
        raise BadInput("--data" if redis is None else "--redis", [str(error)]) from None
