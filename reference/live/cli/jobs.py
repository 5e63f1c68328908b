"""``gnomon jobs``: list, show and change the jobs of a running server.

The one idea: what a definition may be is said by the server, whose errors come back whole. Here is
read only what a command line says in its own way: when a job is due, and who asks.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from gnomon.reference.jobs import INTERVAL_UNITS, Misfire
from gnomon.reference.live.api.schemas import JobView
from gnomon.reference.live.cli.client import EXAMPLE, Client, Failed
from gnomon.reference.live.cli.login import HOW_TO_LOG_IN, authorization_of, read_text
from gnomon.reference.live.cli.tables import job_table, list_table, runs_table, when
from gnomon.reference.schedule.clock import SECOND, read_duration, write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput, printable
from gnomon.specs.render.text import interval_units

LATEST_RUNS = 10
"""So many are shown."""
LARGEST_EXTRA_FILE = 2**20
"""Bytes; the server says what of it is allowed."""
MOST_REPEATS = 10**9
"""What ``gnomon.reference.jobs`` reads at most."""

Job = Annotated[
    str,
    typer.Argument(metavar="ID_OR_NAME", help="A job. An id wins over a name that looks like one."),
]
Server = Annotated[
    str,
    typer.Option("--server", metavar="URL", envvar="GNOMON_SERVER", help="Where the API is."),
]
Login = Annotated[
    Path | None,
    typer.Option("--login", metavar="FILE", help="A file with one line, a token or NAME:PASSWORD."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]

Every = Annotated[
    str | None, typer.Option(metavar="D", help="It is due again and again, such as every 1h30m.")
]
Cron = Annotated[
    str | None, typer.Option(metavar="DEFINITION", help="It is due as cron has it: '0 12 * * MON'.")
]
At = Annotated[
    str | None, typer.Option(metavar="T", help="It is due once, such as 2026-01-31T12:00:00Z.")
]
Zone = Annotated[
    str | None,
    typer.Option(metavar="ZONE", help="Time zone of --cron, such as Europe/Warsaw."),
]
Repeats = Annotated[
    int | None,
    typer.Option(metavar="N", help="With --every: so many times in all.", min=1, max=MOST_REPEATS),
]
Extra = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What the service finds as its payload.")
]
ExtraFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A file with that payload, text in UTF-8.")
]
Inactive = Annotated[
    bool, typer.Option("--inactive", help="It publishes nothing until it is activated.")
]
MisfirePolicy = Annotated[
    Misfire | None, typer.Option(help="What becomes of occurrences that are late.")
]
Grace = Annotated[
    str | None, typer.Option(metavar="D", help="An occurrence is late after so long, such as 1s.")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    group = typer.Typer(no_args_is_help=True, help=_HELP)
    group.command("list")(list_jobs)
    group.command("show")(show)
    group.command("create")(create)
    group.command("edit")(edit)
    group.command("delete")(delete)
    group.command("activate")(activate)
    group.command("deactivate")(deactivate)
    group.command("execute")(execute)
    app.add_typer(group, name="jobs")


_HELP = """Work with the jobs of a running server.

Who asks is told in the environment, as GNOMON_TOKEN or as GNOMON_USER and GNOMON_PASSWORD, or in a
file that --login names. It is never told in the command line, which every user of the machine can
read while a command runs, and which a shell keeps.

Exit status 0: it was done; 1: you said no; 2: bad input, or the server did not do it.
"""


# --- reading


def list_jobs(server: Server = EXAMPLE, login: Login = None, json: Json = False) -> None:
    """List the jobs, by name."""
    with _asking(server, login) as client:
        jobs = client.jobs()
    if json:
        console.say_json(jobs)
    else:
        console.say(list_table(jobs) if jobs else "there are no jobs")


def show(job: Job, server: Server = EXAMPLE, login: Login = None, json: Json = False) -> None:
    """Show a job and its latest runs."""
    with _asking(server, login) as client:
        found = _find(client, job)
        latest = client.runs(found.id, LATEST_RUNS)
    if json:
        console.say_json({"job": found, **msgspec.structs.asdict(latest)})
        return
    console.say(job_table(found), "")
    console.say(runs_table(latest.runs) if latest.runs else "no runs are in the history")
    if latest.since is not None:
        console.say(f"runs before {latest.since} were not looked for")


# --- changing


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, which no other job has.")],
    service: Annotated[str, typer.Option(metavar="S", help="The service that it runs.")],
    every: Every = None,
    cron: Cron = None,
    timezone: Zone = None,
    at: At = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="T", help="Not due before; --every counts from it.  [default: now]"),
    ] = None,
    repeats: Repeats = None,
    extra: Extra = None,
    extra_file: ExtraFile = None,
    inactive: Inactive = False,
    misfire: MisfirePolicy = None,
    grace: Grace = None,
    server: Server = EXAMPLE,
    login: Login = None,
    json: Json = False,
) -> None:
    """Create a job, with one of --every, --cron and --at."""
    due = _due(every, cron, at, start)
    if "job_type" not in due:
        raise BadInput("--every, --cron, --at", ["one of them must say when the job is due"])
    fields = {
        "start_date": write_instant(_next_second()),
        **due,
        **_given(name=name, service=service, timezone=timezone, repeats=repeats),
        **_given(extra=_extra(extra, extra_file), misfire=misfire, grace=grace),
        "is_active": not inactive,
    }
    with _asking(server, login) as client:
        _say_job("created", client.create(fields), json)


def edit(
    job: Job,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Another name.")] = None,
    service: Annotated[str | None, typer.Option(metavar="S", help="Another service.")] = None,
    every: Every = None,
    cron: Cron = None,
    timezone: Zone = None,
    at: At = None,
    start: Annotated[
        str | None, typer.Option(metavar="T", help="Not due before; --every counts from it.")
    ] = None,
    repeats: Repeats = None,
    extra: Extra = None,
    extra_file: ExtraFile = None,
    inactive: Inactive = False,
    misfire: MisfirePolicy = None,
    grace: Grace = None,
    revision: Annotated[
        int | None,
        typer.Option(metavar="N", help="Only if it still is at that revision.", min=1),
    ] = None,
    server: Server = EXAMPLE,
    login: Login = None,
    json: Json = False,
) -> None:
    """Change what is given of a job, and leave the rest as it is.

    Somebody else's change is not overwritten: what is edited is the revision that --revision names,
    or else the one that was read a moment before.
    """
    fields = {
        **_due(every, cron, at, start),
        **_given(name=name, service=service, timezone=timezone, repeats=repeats),
        **_given(extra=_extra(extra, extra_file), misfire=misfire, grace=grace),
        **({"is_active": False} if inactive else {}),
    }
    if not fields:
        raise BadInput("OPTIONS", ["none says what to change; gnomon jobs edit --help lists them"])
    with _asking(server, login) as client:
        found = _find(client, job)
        changed = client.edit(found.id, fields, revision or found.revision)
        _say_job("edited", changed, json)


def delete(
    job: Job,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    server: Server = EXAMPLE,
    login: Login = None,
    json: Json = False,
) -> None:
    """Delete a job; on a terminal you are asked first."""
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        problem = "there is no terminal to ask at; with it the job is deleted without asking"
        raise BadInput("--yes", [problem])
    with _asking(server, login) as client:
        found = _find(client, job)
        if not yes and not _agrees(f"Delete {_called(found)}? [y/N]"):
            console.say_aside(["nothing was deleted"])
            raise typer.Exit(1)
        client.delete(found.id, found.revision)
    _say_job("deleted", found, json)


def _agrees(question: str) -> bool:
    """Ask a person; what is printed is kept clear of it. Anything but a yes is a no."""
    console.say_aside([question])
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def activate(job: Job, server: Server = EXAMPLE, login: Login = None, json: Json = False) -> None:
    """Switch a job on; what it missed is not made up."""
    _set_active(job, True, server, login, json)


def deactivate(job: Job, server: Server = EXAMPLE, login: Login = None, json: Json = False) -> None:
    """Switch a job off; it publishes nothing until it is on."""
    _set_active(job, False, server, login, json)


def _set_active(job: str, is_active: bool, server: str, login: Path | None, json: bool) -> None:
    with _asking(server, login) as client:
        changed = client.set_active(_find(client, job).id, is_active)
        _say_job("activated" if is_active else "deactivated", changed, json)


def execute(job: Job, server: Server = EXAMPLE, login: Login = None, json: Json = False) -> None:
    """Run a job once, now; its plan stays as it is."""
    with _asking(server, login) as client:
        found = _find(client, job)
        cid = client.execute(found.id)
    if json:
        console.say_json({"cid": cid})
    else:
        console.say(f"published a run of {_called(found)}: {cid}")


# --- what the options mean


def _given(**fields: Any) -> dict[str, Any]:
    """Those of the `fields` that were given."""
    return {field: value for field, value in fields.items() if value is not None}


def _due(every: str | None, cron: str | None, at: str | None, start: str | None) -> dict[str, Any]:
    """The fields that say when a job is due; the type with them, since an edit must not change it.

    Raises BadInput if they say it twice (JOB-2, JOB-3).
    """
    options = {"--every": every, "--cron": cron, "--at": at}
    given = [option for option, value in options.items() if value is not None]
    if len(given) > 1:
        raise BadInput(" and ".join(given), ["only one of them says when a job is due"])
    if at is not None and start is not None:
        raise BadInput("--at and --start", ["a job that is due once starts when it is due"])
    if at is not None:
        return {"job_type": "one_time", "start_date": at}
    begins = _given(start_date=start)
    if every is not None:
        return {"job_type": "interval_based", **_units(every)} | begins
    if cron is not None:
        return {"job_type": "cron_style", "cron_definition": cron} | begins
    return begins


def _units(every: str) -> dict[str, int]:
    """All units of an interval, so that none of an earlier one is left. Raises BadInput (JOB-3)."""
    try:
        interval = read_duration(every)
        if interval == 0 or interval % SECOND:
            raise ValueError("an interval is whole seconds, at least one, as in 45s or 1h30m")
    except ValueError as error:
        raise BadInput("--every", [f"{error}; given was {every!r}"]) from None
    return dict.fromkeys(INTERVAL_UNITS, 0) | interval_units(interval)


def _next_second() -> int:
    return -(-console.now() // SECOND) * SECOND


def _extra(text: str | None, file: Path | None) -> str | None:
    """The payload that was given, character for character (RUN-4). Raises BadInput."""
    if file is None:
        return text
    if text is not None:
        raise BadInput("--extra and --extra-file", ["only one of them gives the payload"])
    return read_text(file, LARGEST_EXTRA_FILE)


# --- asking


@contextmanager
def _asking(server: str, login: Path | None) -> Iterator[Client]:
    """A client of `server`, whose errors become BadInput."""
    authorization = authorization_of(login)
    try:
        client = Client(server, authorization)
    except ValueError as error:
        raise BadInput("--server", [str(error)]) from None
    try:
        with client:
            yield client
    except Failed as error:
        advice = [HOW_TO_LOG_IN] if error.status == HTTPStatus.UNAUTHORIZED else []
        raise BadInput(server, [*error.faults, *advice]) from None


def _find(client: Client, job: str) -> JobView:
    """The job of that id, or else of that name. Raises Failed, or BadInput if there is none."""
    if not job:
        raise BadInput("ID_OR_NAME", ["it is the id or the name of a job; given was ''"])
    try:
        return client.job(job)
    except Failed as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
    if (found := client.named(job)) is not None:
        return found
    close = get_close_matches(job, [known.name for known in client.jobs()], n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise BadInput(
        "ID_OR_NAME", [f"there is no job {job!r}; {hint}gnomon jobs list says which there are"]
    )


def _called(job: JobView) -> str:
    return printable(f"job {job.id} {job.name}", keep="")


def _say_job(done: str, job: JobView, json: bool) -> None:
    if json:
        console.say_json(job)
    else:
        console.say(f"{done} {_called(job)}, revision {job.revision}: {when(job)}")
