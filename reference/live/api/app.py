"""The application: the routes, their guards, and the document that describes them.

The one idea: everything that the API needs is a parameter, so that it runs over a store in memory,
in a test, as well as over Redis.
"""

from collections.abc import Callable
from http import HTTPStatus
from importlib.metadata import version

from litestar import Litestar, MediaType
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Message, Scope

from gnomon.reference.live.api import cluster, jobs, messages, zato
from gnomon.reference.live.api.auth import Guard
from gnomon.reference.live.api.body import refuse_unknown_parameters
from gnomon.reference.live.api.errors import answer
from gnomon.reference.live.api.schemas import LARGEST_BODY, Health
from gnomon.reference.live.store.storage import Storage


def create_app(
    storage: Storage, health: Callable[[], Health], metrics: Callable[[], str], guard: Guard
) -> Litestar:
    """The API over `storage`; ``auth.guard_for`` makes the `guard`.

    The event loop calls `health`, so that it answers while all threads are waiting: it must not
    block. `metrics` may block.
    """
    return Litestar(
        route_handlers=[
            jobs.router,
            jobs.list_unreadable_jobs,
            messages.router,
            cluster.router,
            zato.router,
        ],
        dependencies={
            "storage": Provide(lambda: storage, sync_to_thread=False),
            "health": Provide(lambda: health, sync_to_thread=False),
            "metrics": Provide(lambda: metrics, sync_to_thread=False),
        },
        guards=[guard, refuse_unknown_parameters],
        exception_handlers={Exception: answer},
        before_send=[_list_methods],
        request_max_body_size=LARGEST_BODY,
        openapi_config=_document(),
        logging_config=None,
    )


async def _list_methods(message: Message, scope: Scope) -> None:
    """Give all methods of a path in the answer to OPTIONS (API-12).

    Litestar 2 gives those of the path's first handler (its issue 4169).
    """
    is_asked = scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS"
    if not is_asked or message["type"] != "http.response.start":
        return
    if message["status"] == HTTPStatus.NO_CONTENT:
        routes = scope["litestar_app"].routes
        found = [route for route in routes if route.path_format == scope["path_template"]]
        methods = sorted({method for route in found for method in route.methods})
        message["headers"] = [(b"allow", ", ".join(methods).encode())]


def _document() -> OpenAPIConfig:
    """The document at ``/openapi.json``, without pages that load code from other sites."""
    return OpenAPIConfig(
        title="Gnomon",
        version=version("gnomon"),
        description="The live scheduler: its jobs, its cluster and its history.",
        path="/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/", media_type=MediaType.JSON)],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "password": SecurityScheme(type="http", scheme="basic"),
                "token": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
        security=[{"password": []}, {"token": []}],
    )
