"""Who makes a request, and what that person's role permits.

The one idea: a role permits what the roles before it permit, and each route needs one role. A
context variable holds who makes the request under way, because the functions that change jobs know
nothing of HTTP. Without credentials everybody who reaches the server may do everything.

    read       sees jobs, runs, messages, the cluster, the history and the metrics
    operate    runs jobs, switches them on and off, drops messages and puts them back
    admin      creates, changes and deletes jobs; sees who has changed what
"""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from litestar.handlers.base import BaseRouteHandler

Role = Literal["read", "operate", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

ROLE = "role"
"""The option of a handler for the role that it needs."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class User(NamedTuple):
    """The name and the role of the credentials of a request."""

    name: str
    role: Role


class Session(NamedTuple):
    """A login of a user; `id` is another for each login, and `until` its end (µs, UTC)."""

    user: User
    id: str
    until: int
    has_ended: bool = False


class Requester(NamedTuple):
    """Who makes a request; `user` is None at a server without credentials.

    `forms` is the owner of the forms on pages (ADMIN-6), None for a program that shows a token.
    `session` is the login, if there was one.
    """

    user: User | None
    address: str
    forms: str | None
    session: Session | None = None


_requester: ContextVar[Requester | None] = ContextVar("gnomon_requester", default=None)


def requester() -> Requester | None:
    """Who makes the request under way; None if there is no request."""
    return _requester.get()


def begin_request(who: Requester) -> None:
    """Note who makes the request under way."""
    _requester.set(who)


def permits(role: Role) -> bool:
    """Whether whoever makes the request under way has this role, or a higher one."""
    present = requester()
    user = None if present is None else present.user
    return user is None or ROLES.index(user.role) >= ROLES.index(role)


def role_needed(handler: "BaseRouteHandler", method: str) -> Role:
    """The role that a request needs; a change whose handler names none needs the highest one."""
    named: Role | None = handler.opt.get(ROLE)
    return named or ("read" if method in _SAFE_METHODS else "admin")


def require(role: Role) -> None:
    """Refuse the request under way if it needs a higher role. Raises PermissionDeniedException."""
    from litestar.exceptions import PermissionDeniedException  # noqa: PLC0415  # clients need none

    present = requester()
    user = None if present is None else present.user
    if user is not None and not permits(role):
        raise PermissionDeniedException(
            f"this needs the role {role}; the credentials of {user.name} have the role {user.role}"
        )
