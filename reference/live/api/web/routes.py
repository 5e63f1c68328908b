"""The routes below ``/admin``."""

from litestar import Router, get
from litestar.di import Provide
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from gnomon.reference.live.api.access.auth import OPEN, PAGES
from gnomon.reference.live.api.web import job_list, jobs, login, watch
from gnomon.reference.live.api.web.common import health_now, sent_form, show_problem
from gnomon.reference.live.api.web.render import static_folder
from gnomon.reference.live.api.web.viewer import check_form


@get("/", sync_to_thread=False)
def start() -> Redirect:
    """Show the jobs first."""
    return Redirect("/admin/jobs", status_code=303)


_static = create_static_files_router(
    path="/static", directories=[static_folder()], opt={OPEN: True}
)

router = Router(
    "/admin",
    route_handlers=[
        start,
        job_list.list_jobs,
        jobs.show_job,
        jobs.show_new,
        jobs.create,
        jobs.show_edit,
        jobs.edit,
        jobs.show_preview,
        jobs.execute,
        jobs.activate,
        jobs.deactivate,
        jobs.ask_delete,
        jobs.delete,
        watch.show_cluster,
        watch.pause_cluster,
        watch.resume_cluster,
        watch.show_runs,
        watch.show_messages,
        watch.show_message,
        watch.drop_message,
        watch.put_back_message,
        login.show_login,
        login.log_in,
        login.log_out,
        _static,
    ],
    guards=[check_form],
    opt={PAGES: True},
    dependencies={
        "base": Provide(health_now, sync_to_thread=False),
        "sent": Provide(sent_form),
    },
    exception_handlers={Exception: show_problem},
    include_in_schema=False,
)
