"""A client of the API: what may be done with jobs, at a server that is named by its URL.

The one idea: a method gives the value that the server answered, or raises `Failed` with everything
that is wrong, be it with the request or with the way to the server. Nobody else is asked on the
way: no proxy and no redirection ever sees the credentials.

A change may name the revision it is meant for; at any other the server refuses it, with status 412.
"""

import socket
import ssl
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from gnomon.reference.jobs import Fault
from gnomon.reference.live import DEFAULT_HTTP
from gnomon.reference.live.api.schemas import Executed, JobView, RunsView

TIMEOUT_S = 30
"""For one step of a request; the server may look through 100,000 events for a job's runs."""

EXAMPLE = f"http://{DEFAULT_HTTP}"

_PROBLEM = "application/problem+json"

Answer = TypeVar("Answer")


class Failed(Exception):
    """The server did not do what it was asked; each of the `faults` is a reason.

    `status` is that of its answer, None if there was none. Then it is not known whether a change
    was made, unless nobody could be connected to.
    """

    def __init__(self, *faults: str, status: int | None = None) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
        self.status = status


class Client:
    """Asks the server at `url`; `authorization` is what ``login`` says of who asks.

    To make one raises ValueError if the URL is none. It is closed by leaving a ``with``.
    """

    def __init__(self, url: str, authorization: str | None = None) -> None:
        self._http = httpx.Client(
            base_url=read_url(url),
            headers={} if authorization is None else {"Authorization": authorization},
            timeout=TIMEOUT_S,
            trust_env=False,  # what is meant for a server here would go to a proxy
            verify=ssl.create_default_context(),
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    # --- reading

    def jobs(self) -> list[JobView]:
        """Every job, by name."""
        return self._ask(list[JobView], "GET", "jobs")

    def job(self, id: str) -> JobView:
        """The job of that id; Failed has status 404 if there is none."""
        return self._ask(JobView, "GET", "jobs", id)

    def named(self, name: str) -> JobView | None:
        """The job of that name, None if there is none."""
        found = self._ask(list[JobView], "GET", "jobs", query={"name": name})
        return found[0] if found else None

    def runs(self, id: str, most: int) -> RunsView:
        """The latest runs of a job, at most `most`."""
        return self._ask(RunsView, "GET", "jobs", id, "runs", query={"limit": most})

    # --- changing

    def create(self, fields: Mapping[str, Any]) -> JobView:
        """Create a job; `fields` are its definition as ``gnomon.reference.jobs`` reads it."""
        return self._ask(JobView, "POST", "jobs", fields=fields)

    def edit(self, id: str, fields: Mapping[str, Any], revision: int | None = None) -> JobView:
        """Replace `fields` of a job's definition."""
        return self._ask(JobView, "PATCH", "jobs", id, fields=fields, revision=revision)

    def delete(self, id: str, revision: int | None = None) -> None:
        """Delete a job."""
        self._send("DELETE", "jobs", id, revision=revision)

    def set_active(self, id: str, is_active: bool, revision: int | None = None) -> JobView:
        """Switch a job on or off."""
        verb = "activate" if is_active else "deactivate"
        return self._ask(JobView, "POST", "jobs", id, verb, revision=revision)

    def execute(self, id: str, revision: int | None = None) -> str:
        """Run a job once, now; the cid of the run."""
        return self._ask(Executed, "POST", "jobs", id, "execute", revision=revision).cid

    # --- asking

    def _ask(self, type: type[Answer], method: str, *path: str, **said: Any) -> Answer:
        """What is answered, as a value of `type`."""
        content = self._send(method, *path, **said).content
        try:
            return msgspec.json.decode(content, type=type)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problem = f"what answers there is no Gnomon server of this version: {error}"
            raise Failed(problem) from None

    def _send(
        self,
        method: str,
        *path: str,
        query: Mapping[str, Any] | None = None,
        fields: Mapping[str, Any] | None = None,
        revision: int | None = None,
    ) -> httpx.Response:
        """The answer to a request that succeeded."""
        headers = {} if revision is None else {"If-Match": f'"{revision}"'}
        if fields is not None:
            headers["Content-Type"] = "application/json"
        try:
            content = None if fields is None else msgspec.json.encode(fields)
            answer = self._http.request(
                method, _path(path), params=query, content=content, headers=headers
            )
        except UnicodeEncodeError:
            raise Failed("what was given must be text that UTF-8 can encode") from None
        except httpx.InvalidURL as error:
            raise Failed(f"what was given cannot be asked for: {error}") from None
        except httpx.HTTPError as error:
            raise Failed(_trouble(error)) from None
        if not answer.is_success:
            raise _refusal(answer)
        return answer


# --- what it is made of


def read_url(url: str) -> str:
    """`url` if it names a server. Raises ValueError, which repeats no password."""
    allowed = f"it must be the URL of a server, such as {EXAMPLE}"
    try:
        read = httpx.URL(url)
        read.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        read = httpx.URL()
    if read.userinfo:
        raise ValueError(f"{allowed}; a name and a password do not belong in it")
    names_a_server = read.scheme in ("http", "https") and read.host and (read.port or 0) < 2**16
    if not names_a_server or read.query or read.fragment:
        raise ValueError(allowed if "@" in url else f"{allowed}; given was {url!r}")
    return url


def _path(parts: Iterable[str]) -> str:
    """The path made of `parts`, which may be any text; one of dots alone is no way up."""
    return "".join("/" + quote(part, safe="").replace(".", "%2E") for part in parts)


# --- what is wrong


class _Problem(msgspec.Struct, frozen=True):
    """What is read of an error that a server of ours answers (RFC 9457)."""

    detail: str
    faults: tuple[Fault, ...] = ()


def _refusal(answer: httpx.Response) -> Failed:
    """The error that an `answer` without success tells of."""
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


_UNKNOWN = "whether it was done is not known"
_TROUBLES: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not trusted: {0.verify_message}"),
    (ssl.SSLError, "it does not speak TLS; is its URL to begin with http:// ?"),
    (socket.gaierror, "there is no host of that name"),
    (ConnectionRefusedError, "nothing listens there; gnomon serve starts a server"),
    (httpx.ConnectTimeout, f"it could not be reached within {TIMEOUT_S} s"),
    (httpx.TimeoutException, f"it did not answer within {TIMEOUT_S} s; {_UNKNOWN}"),
    (httpx.ConnectError, "it could not be reached: {1}"),
    (httpx.RemoteProtocolError, f"it does not answer as HTTP wants it: {{1}}; {_UNKNOWN}"),
    (httpx.HTTPError, f"the connection broke: {{1}}; {_UNKNOWN}"),
)
"""What an error, or what was its cause, means; the first that fits."""


def _trouble(error: httpx.HTTPError) -> str:
    """What is wrong with the way to the server."""
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    text, found = next(
        (text, found) for kind, text in _TROUBLES for found in chain if isinstance(found, kind)
    )
    return text.format(found, str(found).rstrip("."))
