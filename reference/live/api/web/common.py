"""What all pages share: the line of navigation, warnings, notices, and forms as they are sent."""

from collections.abc import Callable
from urllib.parse import urlencode

from litestar import Response
from litestar.params import SkipValidation
from litestar.response import Redirect

from gnomon.reference.live.api.access.auth import LoginNeeded
from gnomon.reference.live.api.errors import ApiRequest, problem_of
from gnomon.reference.live.api.schemas import Health
from gnomon.reference.live.api.web.forms import read_sent
from gnomon.reference.live.api.web.login import ask_to_log_in
from gnomon.reference.live.api.web.render import page
from gnomon.reference.live.store.storage import Storage

Store = SkipValidation[Storage]
Base = SkipValidation[Health]
"""The health of this server, whose warnings each page shows."""
Sent = SkipValidation[dict[str, str]]
"""The fields of a form that was sent."""

NOTICES = {
    "created": "The job was created.",
    "saved": "The job was saved.",
    "deleted": "The job was deleted.",
    "executed": "A run was published; it starts as soon as a worker is free.",
    "activated": "The job was switched on.",
    "deactivated": "The job was switched off.",
    "paused": "The cluster was paused: nothing is published as planned until it is resumed.",
    "resumed": "The cluster was resumed.",
    "dropped": "The message was dropped.",
    "put-back": "The message was put back, and waits for a worker.",
}
"""What was done, by its name in the address of the page that follows."""


def base_values(base: Health, here: str, done: str = "") -> dict[str, object]:
    """The values that every page needs; `here` is the path of its place in the navigation."""
    store = () if base.store == "ok" else (f"The store: {base.store}",)
    return {"here": here, "warnings": (*store, *base.warnings), "notice": NOTICES.get(done)}


def back_to(path: str, done: str, **query: str) -> Redirect:
    """Show the page at `path`, with a notice of what was done; a reload repeats nothing."""
    return Redirect(f"{path}?{urlencode(query | {'done': done})}", status_code=303)


async def sent_form(request: ApiRequest) -> dict[str, str]:
    """The fields of the form in the body. Raises BadRequest."""
    return read_sent(await request.body())


def health_now(health: SkipValidation[Callable[[], Health]]) -> Health:
    """The health of this server."""
    return health()


def is_page(request: ApiRequest) -> bool:
    """Whether a request is for a page, also for one that does not exist."""
    return f"{request.url.path}/".startswith("/admin/")


def show_problem(
    request: ApiRequest, error: Exception
) -> Response[str] | Response[None] | Redirect:
    """The page for a `request` that raised `error`."""
    if isinstance(error, LoginNeeded):
        return ask_to_log_in(request, error)
    problem, headers = problem_of(request, error)
    shown = page("problem.html", problem.status, here="", warnings=(), notice=None, problem=problem)
    shown.headers.update(headers)
    return shown
