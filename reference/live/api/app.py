"""The application: the routes, their guards, and the document that describes them.

The one idea: everything that the API needs is a parameter, so that it runs over a store in memory,
in a test, as well as over Redis.
"""

from collections.abc import Callable
from http import HTTPStatus
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.static_files import create_static_files_router
from litestar.types import Message, Scope

from gnomon.reference.live.api import cluster, faults, jobs, messages, pause
from gnomon.reference.live.api.access import audit
from gnomon.reference.live.api.access.audit import AuditLog
from gnomon.reference.live.api.access.auth import Access, Connection, Guard
from gnomon.reference.live.api.body import refuse_unknown_parameters
from gnomon.reference.live.api.errors import ApiRequest, answer
from gnomon.reference.live.api.head import AppWithHead
from gnomon.reference.live.api.schemas import LARGEST_BODY, Health
from gnomon.reference.live.api.web import routes as web
from gnomon.reference.live.api.web.common import is_page, show_problem
from gnomon.reference.live.api.zato import routes as zato
from gnomon.reference.live.store.storage import Storage

_FILES = "/docs/files"
"""Where the page that describes the API has its scripts and styles: it loads none from others."""
_PAGE = SwaggerRenderPlugin(
    js_url=f"{_FILES}/swagger-ui-bundle.js",
    css_url=f"{_FILES}/swagger-ui.css",
    standalone_preset_js_url=f"{_FILES}/swagger-ui-standalone-preset.js",
    favicon="",
)


def create_app(
    storage: Storage, health: Callable[[], Health], metrics: Callable[[], str], access: Access
) -> Litestar:
    """The API and the pages over `storage`, for those to whom `access` is given.

    The event loop calls `health`, so that it answers while all threads are waiting: it must not
    block. `metrics` may block.
    """
    log = AuditLog()
    return AppWithHead(
        route_handlers=[
            jobs.router,
            jobs.list_unreadable_jobs,
            messages.router,
            cluster.router,
            faults.router,
            pause.router,
            zato.router,
            web.router,
            show_page,
            _files_of_page(),
        ],
        dependencies={
            "storage": Provide(lambda: storage, sync_to_thread=False),
            "health": Provide(lambda: health, sync_to_thread=False),
            "metrics": Provide(lambda: metrics, sync_to_thread=False),
            "access": Provide(lambda: access, sync_to_thread=False),
            "audit_log": Provide(lambda: log, sync_to_thread=False),
        },
        guards=[access.guard, _audited(log), refuse_unknown_parameters],
        exception_handlers={Exception: _answer},
        state=State({"access": access}),
        before_send=[_list_methods],
        request_max_body_size=LARGEST_BODY,
        openapi_config=_document(),
        logging_config=None,
    )


def _answer(request: ApiRequest, error: Exception) -> Response[Any]:
    """The answer to a request that raised `error`: to people a page, also where there is none."""
    return (show_problem if is_page(request) else answer)(request, error)


def _audited(log: AuditLog) -> Guard:
    """A guard that lets each request pass, and adds its changes to `log`."""

    async def use_log(_: Connection, __: BaseRouteHandler) -> None:
        audit.use(log)

    return use_log


@get("/docs", include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=False)
def show_page(request: Request[object, object, State]) -> bytes:
    """Show a page on which each operation of the API can be tried (API-12)."""
    return _PAGE.render(request, request.app.openapi_schema.to_schema())


def _files_of_page() -> Router:
    folder = files("litestar_offline_docs") / "static"
    return create_static_files_router(
        path=_FILES, directories=[str(folder)], include_in_schema=False
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
