"""A client of the API, for the jobs and messages of one server.

The one idea: a method returns the value that the server answered, or raises `Failed` with every
fault of the request or of the connection. The client uses no proxy and follows no redirection, so
that only the server sees the credentials.

A change may name a revision; the server refuses it at any other revision, with status 412.
"""

import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec

from gnomon.reference.events import Event
from gnomon.reference.jobs import Fault
from gnomon.reference.live.api.schemas import (
    ClusterView,
    Deleted,
    Executed,
    JobsView,
    JobView,
    MessagesView,
    MessageView,
    ResultsView,
    RunsView,
    UnreadableJob,
)
from gnomon.reference.live.cli.options import DEFAULT_SERVER
from gnomon.reference.store.kept_messages import MessageState

JOBS_AT_ONCE = 1_000
"""Jobs in a page: the most that the server gives."""
TIMEOUT_S = 30
"""For each step of a request; the server may read 100,000 events to find a job's runs."""

_OTHER_VERSION = "the answer is not from a Gnomon server of this version"
_PROBLEM = "application/problem+json"

Answer = TypeVar("Answer")
Body = Mapping[str, object] | Sequence[Mapping[str, object]]


class Failed(Exception):
    """A request without success; each of the `faults` is a reason.

    `status` is the status code of the answer, None if there was none. Without an answer it is
    unknown whether the change was made, unless the connection failed.
    """

    def __init__(self, *faults: str, status: int | None = None) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
        self.status = status


class Client:
    """A client of the server at `url`, for use in a ``with`` block.

    `authorization` is the value of the Authorization header. `ca` is a file with the certificates
    of trusted authorities, None for those of the system. Raises ValueError for a bad URL, OSError
    (ssl.SSLError too) for a bad file.
    """

    def __init__(self, url: str, authorization: str | None = None, ca: Path | None = None) -> None:
        self._http = httpx.Client(
            base_url=read_url(url),
            headers={} if authorization is None else {"Authorization": authorization},
            timeout=TIMEOUT_S,
            trust_env=False,  # no proxy, not even for a server on this machine
            verify=_trusted(url, ca),
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    # --- reading

    def pages(self, query: Mapping[str, str | int]) -> Iterator[tuple[JobView, ...]]:
        """The jobs that a query asks for, in pages; `query` has the parameters of the list."""
        asked = {"limit": JOBS_AT_ONCE, **query}
        while True:
            page = self._ask(JobsView, "GET", "jobs", query=asked)
            yield page.jobs
            if page.next is None:
                return
            asked["cursor"] = page.next

    def jobs(self) -> list[JobView]:
        """Every job, by name."""
        return [job for page in self.pages({}) for job in page]

    def unreadable_jobs(self) -> list[UnreadableJob]:
        """The jobs that the server cannot read, in the order of creation."""
        return self._ask(list[UnreadableJob], "GET", "unreadable-jobs")

    def job(self, id: str) -> JobView:
        """The job with that id. Raises Failed with status 404 if there is none."""
        return self._ask(JobView, "GET", "jobs", id)

    def named(self, name: str) -> JobView | None:
        """The job with that name, None if there is none."""
        found = self._ask(JobsView, "GET", "jobs", query={"name": name}).jobs
        return found[0] if found else None

    def results(self, id: str) -> ResultsView:
        """The runs of a job that ended last, as many as the store keeps."""
        return self._ask(ResultsView, "GET", "jobs", id, "results")

    def runs(self, id: str, most: int) -> RunsView:
        """The latest runs of a job, at most `most`."""
        return self._ask(RunsView, "GET", "jobs", id, "runs", query={"limit": most})

    # --- changing

    def create(self, fields: Mapping[str, object]) -> JobView:
        """Create a job; `fields` are its definition as ``gnomon.reference.jobs`` reads it."""
        return self._ask(JobView, "POST", "jobs", fields=fields)

    def create_all(self, definitions: Sequence[Mapping[str, object]]) -> list[str | None]:
        """Create many jobs; for each None, or why it was refused."""
        answer = self._ask(_Creations, "POST", "jobs", fields=definitions)
        return [None if one.problem is None else one.problem.text for one in answer.results]

    def edit(self, id: str, fields: Mapping[str, object], revision: int | None = None) -> JobView:
        """Replace `fields` of a job's definition."""
        return self._ask(JobView, "PATCH", "jobs", id, fields=fields, revision=revision)

    def delete(self, id: str, revision: int | None = None, drop: bool = False) -> Deleted:
        """Delete a job, and drop its waiting messages if `drop`."""
        query = {"messages": "drop" if drop else "keep"}
        return self._ask(Deleted, "DELETE", "jobs", id, query=query, revision=revision)

    def set_active(self, id: str, is_active: bool, revision: int | None = None) -> JobView:
        """Activate or deactivate a job."""
        verb = "activate" if is_active else "deactivate"
        return self._ask(JobView, "POST", "jobs", id, verb, revision=revision)

    def execute(self, id: str, revision: int | None = None, extra: str | None = None) -> str:
        """Run a job once, now, with other extra data if it is given. Returns the cid of the run."""
        fields = None if extra is None else {"extra": extra}
        path = ("jobs", id, "execute")
        return self._ask(Executed, "POST", *path, fields=fields, revision=revision).cid

    # --- the cluster

    def cluster(self) -> ClusterView:
        """The leader, the servers and the numbers of messages."""
        return self._ask(ClusterView, "GET", "cluster")

    def history(self, after: int) -> Iterator[tuple[int, Event]]:
        """The events numbered above `after`, each with its number, while they are received.

        Raises Failed; with status 409 if the store has another history than it had.
        """
        try:
            with self._http.stream("GET", "/history", params={"after": after}) as answer:
                if not answer.is_success:
                    answer.read()
                    raise _failure(answer)
                yield from _events(answer.iter_bytes())
        except httpx.HTTPError as error:
            raise Failed(_connection_fault(error)) from None

    def pause_cluster(self) -> ClusterView:
        """Pause the cluster. Raises Failed with status 409 if it is paused."""
        return self._ask(ClusterView, "POST", "cluster", "pause")

    def resume_cluster(self) -> ClusterView:
        """Resume the cluster. Raises Failed with status 409 if it is not paused."""
        return self._ask(ClusterView, "POST", "cluster", "resume")

    # --- messages

    def messages(self, state: MessageState) -> list[MessageView]:
        """Every message in that state, by number, without payloads."""
        found: list[MessageView] = []
        after: int | None = 0
        while after is not None:
            query = {"state": state, "after": after}
            page = self._ask(MessagesView, "GET", "messages", query=query)
            found += page.messages
            after = page.more
        return found

    def message(self, id: int) -> MessageView:
        """The message with that number. Raises Failed with status 404 if there is none."""
        return self._ask(MessageView, "GET", "messages", str(id))

    def drop_message(self, id: int) -> None:
        """Drop a message that waits or is dead."""
        self._send("DELETE", "messages", str(id))

    def put_back_message(self, id: int) -> None:
        """Put a message back that is dead after its attempts."""
        self._send("POST", "messages", str(id), "put-back")

    # --- requests

    def _ask(
        self,
        type: type[Answer],
        method: str,
        *path: str,
        query: Mapping[str, str | int] | None = None,
        fields: Body | None = None,
        revision: int | None = None,
    ) -> Answer:
        """The answer as a value of `type`."""
        content = self._send(method, *path, query=query, fields=fields, revision=revision).content
        try:
            return msgspec.json.decode(content, type=type)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Failed(f"{_OTHER_VERSION}: {error}") from None

    def _send(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str | int] | None = None,
        fields: Body | None = None,
        revision: int | None = None,
    ) -> httpx.Response:
        """The answer of a request, which succeeded. Raises Failed."""
        headers = {} if revision is None else {"If-Match": f'"{revision}"'}
        if fields is not None:
            headers["Content-Type"] = "application/json"
        try:
            content = None if fields is None else msgspec.json.encode(fields)
            answer = self._http.request(
                method, _path(path), params=query, content=content, headers=headers
            )
        except UnicodeEncodeError:
            raise Failed("the values must be text that UTF-8 can encode") from None
        except httpx.InvalidURL as error:
            raise Failed(f"the request cannot be sent: {error}") from None
        except httpx.HTTPError as error:
            raise Failed(_connection_fault(error)) from None
        if not answer.is_success:
            raise _failure(answer)
        return answer


_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def _events(received: Iterable[bytes]) -> Iterator[tuple[int, Event]]:
    """The events in the lines of `received`, each with its number. Raises Failed."""
    rest = b""
    for chunk in received:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            number, _, fields = line.removeprefix(b'{"seq":').partition(b",")
            try:
                yield int(number), _decoder.decode(b"{" + fields)
            except (ValueError, RecursionError) as error:  # errors of msgspec are ValueErrors
                raise Failed(f"{_OTHER_VERSION}: {error}") from None
    if rest:
        raise Failed("the history broke off in the middle of an event")


# --- URLs


def read_url(url: str) -> str:
    """`url`, if it is the URL of a server. Raises ValueError, which repeats no password."""
    allowed = f"it must be the URL of a server, such as {DEFAULT_SERVER}"
    try:
        read = httpx.URL(url)
        read.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        read = httpx.URL()
    if read.userinfo:
        raise ValueError(f"{allowed}; it must not hold a name or a password")
    names_a_server = read.scheme in ("http", "https") and read.host and (read.port or 0) < 2**16
    if not names_a_server or read.query or read.fragment:
        raise ValueError(allowed if "@" in url else f"{allowed}; given was {url!r}")
    return url


def _trusted(url: str, ca: Path | None) -> ssl.SSLContext | bool:
    """The authorities to trust. At ``http://`` none: to read those of the system takes 20 ms."""
    if ca is None and url.lower().startswith("http:"):
        return False
    return ssl.create_default_context(cafile=ca)


def _path(parts: Iterable[str]) -> str:
    """The path made of `parts`, which may be any text; dots are escaped, so `..` is a name."""
    return "".join("/" + quote(part, safe="").replace(".", "%2E") for part in parts)


# --- errors


class _Problem(msgspec.Struct, frozen=True):
    """The part of an error of the API (RFC 9457) that is read here."""

    detail: str
    faults: tuple[Fault, ...] = ()

    @property
    def text(self) -> str:
        return "; ".join(map(str, self.faults)) or self.detail


class _Creation(msgspec.Struct, frozen=True):
    problem: _Problem | None


class _Creations(msgspec.Struct, frozen=True):
    """The part of an answer about many definitions that is read here."""

    results: tuple[_Creation, ...]


def _failure(answer: httpx.Response) -> Failed:
    """The error in an `answer` without success."""
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    if media_type == _PROBLEM:
        try:
            problem = msgspec.json.decode(answer.content, type=_Problem)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        else:
            faults = map(str, problem.faults) if problem.faults else [problem.detail]
            return Failed(*faults, status=answer.status_code)
    phrase = f"HTTP {answer.status_code} {answer.reason_phrase}".rstrip()
    return Failed(
        f"the answer was {phrase}, and not from a Gnomon server", status=answer.status_code
    )


_UNKNOWN = "it is unknown whether the request was carried out"
_CONNECTION_FAULTS: tuple[tuple[type[Exception], str], ...] = (
    (
        ssl.SSLCertVerificationError,
        "its certificate is not trusted: {0.verify_message}; --ca-file names its authority",
    ),
    (ssl.SSLError, "it does not use TLS; does its URL begin with http:// ?"),
    (socket.gaierror, "there is no host with that name"),
    (ConnectionRefusedError, "nothing listens there; gnomon serve starts a server"),
    (httpx.ConnectTimeout, f"it could not be reached within {TIMEOUT_S} s"),
    (httpx.TimeoutException, f"it did not answer within {TIMEOUT_S} s; {_UNKNOWN}"),
    (httpx.ConnectError, "it could not be reached: {1}"),
    (
        httpx.RemoteProtocolError,
        f"its answer is not HTTP, does its URL begin with https:// ? {{1}}; {_UNKNOWN}",
    ),
    (httpx.HTTPError, f"the connection broke: {{1}}; {_UNKNOWN}"),
)
"""The message for an error or for one of its causes; the first that matches counts."""


def _connection_fault(error: httpx.HTTPError) -> str:
    """The message for an error of the connection."""
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    text, found = next(
        (text, found)
        for kind, text in _CONNECTION_FAULTS
        for found in chain
        if isinstance(found, kind)
    )
    return text.format(found, str(found).rstrip("."))
