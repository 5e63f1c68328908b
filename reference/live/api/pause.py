"""Pausing and resuming the whole cluster: ``/cluster/pause`` and ``/cluster/resume`` (PAUSE-1).

The one idea: the store decides, so any server may be asked, and whoever asks second gets a conflict
instead of a pause that nobody remembers.
"""

from http import HTTPStatus

from litestar import Router, post
from litestar.params import SkipValidation

from gnomon.reference.live.api import schemas
from gnomon.reference.live.api.access.audit import changed
from gnomon.reference.live.api.access.roles import ROLE
from gnomon.reference.live.api.errors import may_answer
from gnomon.reference.live.api.job_service import Conflict
from gnomon.reference.live.api.notes import author
from gnomon.reference.live.api.schemas import ClusterView
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.store.operations import Refused
from gnomon.reference.store.pause import PauseCluster, ResumeCluster

Store = SkipValidation[Storage]


@post(
    "/pause",
    sync_to_thread=True,
    status_code=HTTPStatus.OK,
    responses=may_answer(HTTPStatus.CONFLICT),
    opt={ROLE: "operate"},
)
def pause_cluster(storage: Store) -> ClusterView:
    """Publish nothing as planned until the cluster is resumed; runs on demand go on."""
    return pause(storage)


@post(
    "/resume",
    sync_to_thread=True,
    status_code=HTTPStatus.OK,
    responses=may_answer(HTTPStatus.CONFLICT),
    opt={ROLE: "operate"},
)
def resume_cluster(storage: Store) -> ClusterView:
    """Publish again; what was due meanwhile is a misfire by the policy of its job."""
    return resume(storage)


def pause(storage: Storage) -> ClusterView:
    """The paused cluster. Raises Conflict if it is paused already."""
    return _switch(storage, PauseCluster(author()), "cluster paused")


def resume(storage: Storage) -> ClusterView:
    """The resumed cluster. Raises Conflict if it is not paused."""
    return _switch(storage, ResumeCluster(author()), "cluster resumed")


def _switch(storage: Storage, operation: PauseCluster | ResumeCluster, what: str) -> ClusterView:
    reply = storage.ask(operation)
    if isinstance(reply, Refused):
        raise Conflict(reply.why)
    changed(what)
    return schemas.view_cluster(storage.overview())


router = Router("/cluster", route_handlers=[pause_cluster, resume_cluster], tags=["cluster"])
