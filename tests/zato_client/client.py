"""Uses Zato's client library as Zato's programs do; runs in an environment that has it.

``python client.py URL`` sends what Zato's web admin sends on a form, through each of the three
clients that the library has, and writes what came back as one JSON document.
"""

import json
import sys
import warnings
from collections.abc import Iterator

warnings.simplefilter("ignore")  # the library's own, on a newer Python

from zato.client import AnyServiceInvoker, APIClient, JSONSIOClient  # noqa: E402

FORM = {
    "cluster_id": "1", "id": "", "is_active": True, "service": "work", "extra": "",
    "start_date": "2027-01-01T10:00:00",
}  # fmt: skip
"""The fields that web admin sends with every form."""
ONCE = FORM | {"name": "once", "job_type": "one_time", "extra": "Ωμέγα\r\n"}
EVERY = FORM | {
    "name": "every", "job_type": "interval_based", "weeks": "", "days": "", "hours": "2",
    "minutes": "", "seconds": "", "repeats": "",
}  # fmt: skip
CRON = FORM | {"name": "cron", "job_type": "cron_style", "cron_definition": "@hourly"}
AUTH = ("nobody", "secret")


def through_invoker(url: str) -> Iterator[tuple[str, object]]:
    """As web admin does: every request through one service, in Base64."""
    client = AnyServiceInvoker(url, "/zato/admin/invoke", AUTH, to_bunch=True)

    def invoke(op: str, request: dict[str, object]) -> object:
        response = client.invoke(f"zato.scheduler.job.{op}", request)
        if not response.ok:
            return {"error": response.details, "status": response.inner.status_code}
        return response.data

    created = [invoke("create", form) for form in (ONCE, EVERY, CRON)]
    yield "created", created
    yield "twice", invoke("create", EVERY)
    every = invoke("get-by-name", {"cluster_id": 1, "name": "every"})
    yield "attributes", [every.hours, every.minutes, every.repeats, every.extra]
    edit = EVERY | {"id": str(every.id), "name": "seldom", "hours": "", "days": "3"}
    yield "edited", invoke("edit", edit)
    yield "list", invoke("get-list", {"cluster_id": 1, "paginate": True, "cur_page": 1})
    yield "off", invoke("set-active-status", {"id": every.id, "is_active": ""})
    yield "seldom", invoke("get-by-id", {"cluster_id": 1, "id": every.id})
    yield "executed", invoke("execute", {"id": every.id})
    yield "deleted", [invoke("delete", {"id": one.id}) for one in created]
    yield "left", invoke("get-list", {"cluster_id": 1})


def through_api(url: str) -> Iterator[tuple[str, object]]:
    """As programs do from 3.2 on: plain JSON."""
    client = APIClient(url, *AUTH)
    created = client.invoke("zato.scheduler.job.create", CRON | {"is_active": "on"})
    yield "created", [created.is_ok, len(created.cid), created.data]
    listed = client.get("zato.scheduler.job.get-list", {"cluster_id": 1})
    yield "list", [job["cron_definition"] for job in listed.data]
    gone = client.invoke("zato.scheduler.job.delete", {"id": 999})
    yield "gone", [gone.is_ok, len(gone.cid), json.loads(gone.details)["zato_env"]["details"]]
    yield "deleted", client.invoke("zato.scheduler.job.delete", {"id": created.data["id"]}).is_ok


def through_json(url: str) -> Iterator[tuple[str, object]]:
    """As programs do up to 3.1: JSON in an envelope."""

    def invoke(op: str, request: dict[str, object]) -> object:
        client = JSONSIOClient(url, f"/zato/json/zato.scheduler.job.{op}", AUTH)
        response = client.invoke(request)
        return [response.ok, response.details, response.data]

    yield "created", invoke("create", EVERY)
    yield "list", invoke("get-list", {"cluster_id": 1})
    yield "gone", invoke("delete", {"id": 999})


if __name__ == "__main__":
    url = sys.argv[1]
    clients = {"invoker": through_invoker, "api": through_api, "json": through_json}
    print(json.dumps({name: dict(use(url)) for name, use in clients.items()}))
