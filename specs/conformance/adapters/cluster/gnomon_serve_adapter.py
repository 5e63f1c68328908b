# /// script
# [tool.gnomon]
# levels = ["cluster"]
# ///
"""Adapter: `gnomon serve`, on one store, as real processes. It must hold everything it claims."""

import sys
from pathlib import Path

from cluster_kit import Unsupported, free_port, serve, valkey

LEASE = "1500ms"
PROFILE = {"cluster_takeover": "2s"}  # the lease, and a campaign every third of it (LEAD-3)

SERVICES = """
import sys
sys.path.insert(0, {kit!r})
from cluster_kit import sign
from gnomon import Service


class Sign(Service):
    name = "sign"

    def handle(self):
        sign({witness!r}, {job!r}, self.request.payload)
"""

ports: dict[str, list[int]] = {}
"""The ports of the instances, by store: an edit finds the ones that the jobs were created with."""


def deploy(store, jobs, instances, witness):
    (job,) = jobs
    broker, path = valkey(store)
    gnomon = [sys.executable, "-m", "gnomon"]
    is_edit = store in ports
    own = ports.setdefault(store, [free_port() for _ in range(instances)])
    server = [*gnomon, "serve", "--redis", f"unix://{path}", "--lease", LEASE]
    server += ["--services", "signing"]
    payload = ["--extra", job["payload"]] if "payload" in job else []
    if is_edit:
        change = ["edit", job["id"], *when(job), *payload]
    else:
        change = ["create", job["id"], "--service", "sign", *when(job), *payload]
    kit = str(Path(__file__).parent)
    return {
        "files": {"signing.py": SERVICES.format(kit=kit, witness=witness, job=job["id"])},
        "support": [broker],
        "instances": [
            {
                "command": [*server, "--http", f"127.0.0.1:{port}", "--name", f"s{port}"],
                "ready": "joins the cluster",
                "port": port,
            }
            for port in own
        ],
        # The API of any server changes the jobs. The first is killed while an edit is deployed.
        "apply": [
            {
                "command": [*gnomon, "jobs", *change],
                "environment": {"GNOMON_SERVER": f"http://127.0.0.1:{own[-1 if is_edit else 0]}"},
            }
        ],
    }


def when(job):
    """The options that say when a job is due."""
    if "cron" in job:
        return ["--cron", job["cron"]]
    if "every" in job and job["every"] == int(job["every"]):
        return ["--every", f"{int(job['every'])}s"]
    raise Unsupported("one-time jobs, and parts of seconds")


if __name__ == "__main__":
    serve("gnomon", deploy, profile=PROFILE)
