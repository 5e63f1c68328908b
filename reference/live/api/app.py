"""The application: the routes, who may use them, and the document that describes them.

The one idea: everything that this API needs is handed in, so that it runs as well over a store in
memory, in a test, as over Redis.
"""

from collections.abc import Callable
from importlib.metadata import version

from litestar import Litestar, MediaType
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from gnomon.reference.live.api import cluster, jobs, zato
from gnomon.reference.live.api.auth import Guard
from gnomon.reference.live.api.body import refuse_unknown_parameters
from gnomon.reference.live.api.errors import answer
from gnomon.reference.live.api.schemas import LARGEST_BODY, Health
from gnomon.reference.live.store.storage import Storage


def create_app(
    storage: Storage, health: Callable[[], Health], metrics: Callable[[], str], guard: Guard
) -> Litestar:
    """The API over `storage`; `guard` is what ``auth.guard_for`` gives.

    `health` is called on the event loop, so that it answers when all threads wait: it must not
    block. `metrics` may.
    """
    return Litestar(
        route_handlers=[jobs.router, cluster.router, zato.router],
        dependencies={
            "storage": Provide(lambda: storage, sync_to_thread=False),
            "health": Provide(lambda: health, sync_to_thread=False),
            "metrics": Provide(lambda: metrics, sync_to_thread=False),
        },
        guards=[guard, refuse_unknown_parameters],
        exception_handlers={Exception: answer},
        request_max_body_size=LARGEST_BODY,
        openapi_config=_document(),
        logging_config=None,
    )


def _document() -> OpenAPIConfig:
    """What stands in ``/openapi.json``; no pages that load code from elsewhere."""
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
