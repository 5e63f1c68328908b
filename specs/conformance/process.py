"""An adapter as a process: one request, one reply, and everything that can go wrong between them.

The one idea: a failure is a result. A hang, a crash and garbage end the process and become a
`Failure` with a name and evidence; the next request starts a fresh process. A line on standard
output that is no JSON is noise: it is recorded, and the wait goes on.
"""

import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from typing import IO, Literal

import msgspec

from gnomon.specs.conformance.lines import (
    ProtocolError,
    encode,
    read_answer,
    read_deployed,
    read_introduction,
    read_reply,
)
from gnomon.specs.conformance.protocol import (
    Answer,
    Bye,
    Deploy,
    Deployed,
    Hello,
    Introduction,
    Job,
    Next,
    Reply,
    Request,
    Unsupported,
)
from gnomon.specs.vectors.next_cases import Case

TIME_LIMIT = 10.0
"""Seconds that a reply may take."""
START_LIMIT = 60.0
"""Seconds that the reply to hello may take: the adapter imports its scheduler."""
MOST_NOISE = 20
"""Different lines of noise that are kept."""
LONGEST_EVIDENCE = 600
"""Characters of standard error that a failure quotes."""

FailureKind = Literal["hang", "crash", "garbage"]


class Failure(msgspec.Struct, frozen=True):
    """An adapter gave no reply of the protocol; `evidence` is what it did instead."""

    failure: FailureKind
    evidence: str


class AdapterFault(Exception):
    """The adapter cannot be used at all; the message names the fault."""


class AdapterProcess:
    """One adapter under one process time zone, started when it is first asked.

    `transcript` gets every line in both directions. Use it in one thread, and close it.
    """

    def __init__(
        self,
        command: Sequence[str],
        process_zone: str,
        transcript: Path | None = None,
        time_limit: float = TIME_LIMIT,
        start_limit: float = START_LIMIT,
    ) -> None:
        self.noise: list[str] = []
        self.starts = 0
        self._command = list(command)
        self._environment = os.environ | {"TZ": process_zone, "PYTHONIOENCODING": "utf-8"}
        self._environment.pop("PYTHONSAFEPATH", None)  # an adapter imports the kit beside it
        self._transcript = None if transcript is None else transcript.open("a", encoding="utf-8")
        self._limits = start_limit, time_limit
        self._child: _Child | None = None
        self._definitions: tuple[str, ...] = ()
        self._seq = 0

    def introduce(self) -> Introduction:
        """Start the adapter and ask for its introduction. Raises AdapterFault."""
        self._stop()
        self._seq = 0
        try:
            self._child = _Child(self._command, self._environment)
        except PermissionError:
            needs = "make it executable, or let its name end in .py or .mjs"
            raise AdapterFault(f"{self._command[0]}: Permission denied; {needs}") from None
        except OSError as error:
            raise AdapterFault(f"{self._command[0]}: {error.strerror}") from None
        self.starts += 1
        reply = self._exchange(Hello(self._next_seq()), self._limits[0])
        if isinstance(reply, Failure):
            raise AdapterFault(f"{reply.failure} at hello: {reply.evidence}")
        try:
            introduction = read_introduction(reply)
        except ProtocolError as error:
            self._stop()
            raise AdapterFault(str(error)) from None
        self._definitions = introduction.definitions
        return introduction

    def ask(self, case: Case) -> Answer | Failure:
        """Ask for instants. A dead adapter is started again. Raises AdapterFault.

        A kind of definition that the adapter does not name is not sent.
        """
        if self._child is None:
            self.introduce()
        if case.kind not in self._definitions:
            return Unsupported(self._seq, f"definitions with {case.kind}")
        request = Next(
            seq=self._next_seq(),
            cron=case.cron,
            every=case.every,
            start=case.start,
            at=case.at,
            zone=case.zone,
            after=case.after,
            count=case.count,
        )
        reply = self._exchange(request, self._limits[1])
        if isinstance(reply, Failure):
            return reply
        try:
            return read_answer(reply)
        except ProtocolError as error:
            self._stop()
            return Failure("garbage", str(error))

    def send(self, make: Callable[[int], Request]) -> Reply | Failure:
        """Send a request of level tick, which `make` makes from its number.

        The adapter must run: what it held in memory cannot be had again by a second start.
        """
        assert self._child is not None, "the adapter does not run"
        request = make(self._next_seq())
        reply = self._exchange(request, self._limits[1])
        if isinstance(reply, Failure):
            return reply
        try:
            return read_reply(reply, request)
        except ProtocolError as error:
            self._stop()
            return Failure("garbage", str(error))

    def deploy(
        self, store: Path, jobs: tuple[Job, ...], instances: int, witness: Path
    ) -> Deployed | Failure:
        """Ask how the scheduler is run with `jobs`; the adapter must run."""
        request = Deploy(self._next_seq(), str(store), jobs, instances, str(witness))
        reply = self._exchange(request, self._limits[1])
        if isinstance(reply, Failure):
            return reply
        try:
            return read_deployed(reply)
        except ProtocolError as error:
            self._stop()
            return Failure("garbage", str(error))

    def kill(self) -> None:
        """End the process by SIGKILL, and its children."""
        self._stop()

    def leave(self) -> None:
        """End the process with a bye, if it still runs."""
        if self._child is not None:
            with suppress(OSError):
                self._write(Bye(self._next_seq()))
            self._child.end_politely()
        self._stop()

    def close(self) -> None:
        """End the process with a bye, and the transcript."""
        self.leave()
        if self._transcript is not None:
            self._transcript.close()

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def _write(self, request: Request) -> None:
        assert self._child is not None
        line = encode(request)
        self._record(">", line.decode())
        self._child.write(line)

    def _exchange(self, request: Request, limit: float) -> dict[str, object] | Failure:
        """The reply to a request; after a Failure no process is left."""
        assert self._child is not None
        with suppress(OSError):  # it has ended: reading reports that
            self._write(request)
        deadline = monotonic() + limit
        noise: list[str] = []
        while True:
            line = self._child.read(deadline)
            if line is None:
                return self._failed(limit, noise)
            self._record("<", line)
            message = _object(line)
            if message is None:
                noise.append(line.strip())
                if noise[-1] not in self.noise and len(self.noise) < MOST_NOISE:
                    self.noise.append(noise[-1])
            elif message.get("seq") == request.seq:
                return message
            else:
                self._stop()
                asked = f"the reply has seq {message.get('seq')!r}; asked was {request.seq}"
                return Failure("garbage", asked)

    def _failed(self, limit: float, noise: Sequence[str]) -> Failure:
        """The reason why there is no reply."""
        assert self._child is not None
        printed = f"; on standard output: {' / '.join(noise[:3])!r:.200}" if noise else ""
        status = self._child.status()
        errors = self._child.errors()
        self._stop()
        if status is None:
            return Failure("hang", f"no reply within {limit:g} s{printed}")
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        return Failure("crash", f"the process ended with {how}{printed}: {errors}".rstrip(": "))

    def _stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _record(self, direction: str, line: str) -> None:
        if self._transcript is not None:
            self._transcript.write(f"{direction} {line.rstrip()}\n")
            self._transcript.flush()


class _Child:
    """A process with its three pipes; two threads read from it, so that it never blocks."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - running the adapter is the purpose
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._lines: Queue[str | None] = Queue()
        self._errors: deque[str] = deque(maxlen=20)
        self._readers = (
            Thread(target=self._read_lines, args=[self._process.stdout], daemon=True),
            Thread(target=self._read_errors, args=[self._process.stderr], daemon=True),
        )
        for reader in self._readers:
            reader.start()

    def write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def read(self, deadline: float) -> str | None:
        """The next line of standard output; None at its end or at the deadline."""
        try:
            return self._lines.get(timeout=max(0, deadline - monotonic()))
        except Empty:
            return None

    def status(self) -> int | None:
        """The exit status; None if the process still runs."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=0.2)
        return None

    def errors(self) -> str:
        """The end of standard error."""
        if self._process.returncode is not None:
            self._readers[1].join(timeout=1)
        return "".join(self._errors).strip()[-LONGEST_EVIDENCE:]

    def end_politely(self) -> None:
        """Close standard input and wait a moment."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)

    def kill(self) -> None:
        """End the process and its children, and wait for its threads."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join(timeout=1)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()

    def _read_lines(self, pipe: IO[bytes]) -> None:
        with suppress(ValueError, OSError):  # closed by `kill`
            for line in pipe:
                self._lines.put(line.decode("utf-8", "backslashreplace"))
        self._lines.put(None)

    def _read_errors(self, pipe: IO[bytes]) -> None:
        with suppress(ValueError, OSError):
            for line in pipe:
                self._errors.append(line.decode("utf-8", "backslashreplace"))


def _object(line: str) -> dict[str, object] | None:
    """The JSON object in a line; None if the line is noise."""
    try:
        message = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError):
        return None
    return message if isinstance(message, dict) else None
