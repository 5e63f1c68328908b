"""``gnomon check --follow``: judges a live cluster as it runs.

The one idea: a monitor never gives up by itself. When it has begun, a server that cannot be reached
is a note, and it tries again.
"""

import signal
from contextlib import suppress
from http import HTTPStatus
from time import monotonic, sleep

import msgspec
import typer

from gnomon.reference.live.cli.client import Client, Failed
from gnomon.reference.live.cli.connected import connected, take_ca_file
from gnomon.reference.live.cli.follow_metrics import FollowMetrics
from gnomon.reference.live.cli.follow_options import FollowOptions
from gnomon.reference.live.cli.followed import Followed
from gnomon.reference.schedule.clock import SECOND, write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import parse_duration
from gnomon.specs.render import tables
from gnomon.specs.render.strings import counted
from gnomon.specs.rules import Violation

PAUSE = 1.0
"""Seconds between two judgements at least."""
SHARE = 9
"""A judgement is followed by a pause this many times as long: it takes a tenth of a processor."""
LOGIN_FAULTS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def follow(options: FollowOptions) -> None:
    """Judge the cluster until the duration is over, or the user ends it.

    Raises BadInput, and typer.Exit with 1 if a rule was broken.
    """
    seconds = None
    if options.duration is not None:
        seconds = parse_duration("--for", options.duration, SECOND) / SECOND
    metrics = FollowMetrics()
    if options.metrics is not None:
        _serve(metrics, options.metrics)
    take_ca_file(options.ca_file)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with connected(options.url, options.login, "--follow") as client:
        with console.spinner("reading"):
            followed = Followed(client, options.window)
        run = _Run(client, followed, metrics, options)
        with suppress(KeyboardInterrupt):
            run.until(None if seconds is None else monotonic() + seconds)
    run.print_end()
    if followed.broken:
        raise typer.Exit(1)


class _Run:
    """The judging of one cluster, and what it prints."""

    def __init__(
        self, client: Client, followed: Followed, metrics: FollowMetrics, options: FollowOptions
    ) -> None:
        self._client = client
        self._followed = followed
        self._metrics = metrics
        self._options = options
        self._fault: str | None = None
        self._beginnings = 0

    def until(self, deadline: float | None) -> None:
        """Judge again and again. Raises Failed if the login is refused."""
        while True:
            begun = monotonic()
            try:
                self._judge(begun)
            except Failed as error:
                if error.status in LOGIN_FAULTS:
                    raise
                self._note_fault(str(error))
            pause = max(PAUSE, SHARE * (monotonic() - begun))
            if deadline is not None and monotonic() + pause > deadline:
                sleep(max(deadline - monotonic(), 0))
                return
            sleep(pause)

    def _judge(self, begun: float) -> None:
        now, certain = self._followed.judge()
        monitor = self._followed.monitor
        exercised = len(monitor.exercised)
        self._metrics.judged(now, monitor.events, monitor.window, exercised, monotonic() - begun)
        if self._fault is not None:
            console.print_notes([f"{self._options.url}: connected again"])
            self._fault = None
        if self._followed.beginnings != self._beginnings:
            self._beginnings = self._followed.beginnings
            self._note_beginning()
        for violation in certain:
            self._metrics.broken(violation.rule)
            self._print(violation)

    def _print(self, violation: Violation) -> None:
        if self._options.json:
            value = tables.violation_as_values(violation)
            console.print_text(msgspec.json.encode(value).decode() + "\n")
        else:
            at = write_instant(violation.at)
            console.print_parts(f"{at} {violation.rule} broken: {violation.what}")

    def _note_beginning(self) -> None:
        first, monitor = self._followed.first, self._followed.monitor
        kept = "its whole history" if first <= 1 else f"what the store has, from event {first} on"
        settled = tables.span(monitor.settling_time)
        console.print_notes(
            [
                f"{self._options.url}: judging {kept}, until now "
                + counted(monitor.events, "event"),
                f"a violation is printed when it is certain, {settled} after it was found",
            ]
        )

    def _note_fault(self, fault: str) -> None:
        self._metrics.lost_connection()
        if fault != self._fault:
            console.print_notes([f"{self._options.url}: {fault}; trying again"])
        self._fault = fault

    def print_end(self) -> None:
        """Print what was found in all."""
        found, monitor = self._followed.broken, self._followed.monitor
        listed = ", ".join(f"{id} ({count})" for id, count in sorted(found.items()))
        broken = f"broken: {listed}" if found else "none is broken"
        console.print_notes(
            [
                f"{counted(monitor.events, 'event')} judged",
                f"{counted(len(monitor.exercised), 'rule')} exercised, {broken}",
            ]
        )


def _serve(metrics: FollowMetrics, place: str) -> None:
    host, colon, port = place.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) >= 2**16:
        problem = f"it must be HOST:PORT such as 127.0.0.1:9100; given was {place!r}"
        raise BadInput("--metrics", [problem])
    try:
        bound = metrics.serve(host.strip("[]"), int(port))
    except OSError as error:
        raise BadInput("--metrics", [f"{place}: {error.strerror or error}"]) from None
    console.print_notes([f"metrics: http://{host}:{bound}/metrics"])
