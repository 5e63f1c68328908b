"""The meaning of the options of ``gnomon serve``, and the start of its servers.

The one idea: options become values first, and every fault in them is reported before anything is
started.
"""

import os
import re
import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from gnomon.reference.live import DEFAULT_HTTP
from gnomon.reference.live.api.access.auth import Unguarded, require_credentials
from gnomon.reference.live.api.access.credentials import (
    BadCredentials,
    Credentials,
    read_credentials,
)
from gnomon.reference.live.cli.recorder import record_from
from gnomon.reference.live.cli.store import opened_store, parse_prefix
from gnomon.reference.live.runtime.arrival import NameTaken
from gnomon.reference.live.runtime.monitoring.logs import Format
from gnomon.reference.live.runtime.process import StoreOptions
from gnomon.reference.live.runtime.services import BadServices, find_services, own_slow_thresholds
from gnomon.reference.live.runtime.shape import Shape
from gnomon.reference.live.runtime.supervisor import (
    CannotServe,
    Logging,
    Plan,
    serve_plan,
    serve_together,
)
from gnomon.reference.live.runtime.tls import Tls
from gnomon.reference.live.store.address import Address
from gnomon.reference.schedule.clock import MILLISECOND
from gnomon.reference.service import Service
from gnomon.reference.store.messages import Profile
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import parse_duration

SHORTEST_LEASE = 300 * MILLISECOND
LARGEST_CREDENTIALS = 2**20
"""Bytes of the file that ``--auth`` names."""
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")

Place = tuple[str, int] | None
"""The host and the port of an API; None for no API."""


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``gnomon serve``, as they were given."""

    redis: str | None
    name: str | None
    workers: int
    services: list[str]
    http: str
    auth: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    servers: int
    data: Path | None
    profile: Profile
    lease: str
    max_attempts: int
    drain: str
    keep: int
    results: int
    replicas: int
    prefix: str
    history_out: Path | None
    log: Format
    log_level: str
    log_payloads: bool
    log_file: Path | None


def launch(options: ServeOptions) -> bool:
    """Run the servers until they are stopped; whether all left in good order.

    Raises BadInput.
    """
    plans = _plans(options)
    if options.history_out is not None:
        console.require_output(options.history_out)
    logging = _logging(options)
    with opened_store(options.redis, options.data) as address:
        ready = [plan(address) for plan in plans]
        begins = console.now()
        try:
            in_order = serve_plan(ready[0]) if len(ready) == 1 else serve_together(ready, logging)
        except CannotServe as error:
            raise BadInput("serve", [str(error)]) from None
        except NameTaken as error:
            console.print_notes([f"gnomon: {error}"])
            return False
        if options.history_out is not None:
            record_from(ready[0].store, begins, None, options.history_out)
        return in_order


def _logging(options: ServeOptions) -> Logging:
    """Configure the log; how the processes log. Raises BadInput."""
    file = None if options.log_file is None else options.log_file.absolute()
    logging = Logging(options.log, options.log_level.upper(), options.log_payloads, file)
    try:
        logging.configure()
    except OSError as error:
        raise BadInput("--log-file", [f"{file} cannot be opened: {error.strerror}"]) from None
    return logging


def _plans(options: ServeOptions) -> list[Callable[[Address], Plan]]:
    """The plan of each server, which still lacks the address of the store. Raises BadInput."""
    services = _services(options.services)
    credentials = None if options.auth is None else _credentials(options.auth)
    places = _places(options.http, options.servers, credentials)
    tls = _tls(options)
    names = _names(options.name, options.servers, places)
    lease = parse_duration("--lease", options.lease, SHORTEST_LEASE)
    drain = parse_duration("--drain", options.drain)
    prefix = parse_prefix(options.prefix)

    def plan(name: str, place: Place, address: Address) -> Plan:
        return Plan(
            shape=Shape(
                name=name,
                workers=options.workers,
                services=tuple(sorted(services)),
                lease=lease,
                grace=drain,
                max_attempts=options.max_attempts,
                profile=options.profile,
                slow_thresholds=own_slow_thresholds(services),
            ),
            services=services,
            store=StoreOptions(
                address=address,
                prefix=prefix,
                profile=options.profile,
                keep=options.keep,
                results=options.results,
                replicas=options.replicas,
            ),
            http=place,
            credentials=credentials,
            tls=tls,
        )

    return [partial(plan, name, place) for name, place in zip(names, places, strict=True)]


# --- single options


def _names(name: str | None, servers: int, places: Sequence[Place]) -> list[str]:
    """The name of each server: as given, with a number if there are several.

    By default the host name with the port of the API, or with a number that no other process of the
    host has, so that the same command on another machine, or a second time, gives other names.
    """
    if name is not None and not NAME.fullmatch(name):
        allowed = "1 to 64 letters, digits, dots, underscores and hyphens"
        raise BadInput("--name", [f"it must be {allowed}; given was {name!r}"])
    if name is not None:
        return [name] if servers == 1 else [f"{name[:60]}-{n}" for n in range(1, servers + 1)]
    host = re.sub(r"[^A-Za-z0-9._-]+", "-", socket.gethostname())[:45] or "server"
    ports = [place[1] if place else 0 for place in places]  # 0: any free port
    if all(ports):
        return [f"{host}-{port}" for port in ports]
    stem = f"{host}-{os.getpid()}"
    return [stem] if servers == 1 else [f"{stem}-{n}" for n in range(1, servers + 1)]


def _places(http: str, servers: int, credentials: Credentials | None) -> list[Place]:
    """The address of each server's API, on consecutive ports."""
    if http == "none":
        return [None] * servers
    host, _, port = http.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) + servers > 65_536:
        problem = f"it must be HOST:PORT such as {DEFAULT_HTTP}, or none; given was {http!r}"
        raise BadInput("--http", [problem])
    try:
        require_credentials(host, credentials)
    except Unguarded as error:
        raise BadInput("--http", [str(error)]) from None
    first = int(port)
    return [(host, first + number if first else 0) for number in range(servers)]


def _services(modules: list[str]) -> dict[str, type[Service]]:
    try:
        return find_services(modules)
    except BadServices as error:
        raise BadInput("--services", error.faults) from None


def _tls(options: ServeOptions) -> Tls | None:
    """The certificate of the API, None for HTTP. Raises BadInput."""
    certificate, key = options.tls_cert, options.tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise BadInput("--tls-cert, --tls-key", ["give both: a certificate and its key"])
    tls = Tls(certificate.absolute(), key.absolute())
    if (fault := tls.fault()) is not None:
        raise BadInput("--tls-cert, --tls-key", [fault])
    return tls


def _credentials(path: Path) -> Credentials:
    lines = console.read_file(path, LARGEST_CREDENTIALS).decode("utf-8", "replace").splitlines()
    try:
        return read_credentials(lines)
    except BadCredentials as error:
        raise BadInput(str(path), error.faults) from None
