"""``gnomon jobs``: lists, shows and changes the jobs of a running server."""

import shlex
from difflib import get_close_matches
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gnomon.reference.jobs import JOB_TYPES
from gnomon.reference.live.api.schemas import JobView
from gnomon.reference.live.cli.cluster_tables import pause_notes
from gnomon.reference.live.cli.connected import (
    Login,
    Server,
    Yes,
    confirms,
    connected,
    refuse_without_terminal,
    take_ca_file,
)
from gnomon.reference.live.cli.job_fields import (
    At,
    Cron,
    CronZone,
    Ends,
    Every,
    Extra,
    ExtraFile,
    Grace,
    Inactive,
    Jitter,
    MaxParallel,
    MaxRuntime,
    MisfirePolicy,
    NoEnds,
    NoExtra,
    NoMaxParallel,
    NoMaxRuntime,
    NoRepeats,
    Repeats,
    due_fields,
    given,
    payload,
    removed,
)
from gnomon.reference.live.cli.job_files import apply, export
from gnomon.reference.live.cli.job_list import lines, unreadable_lines
from gnomon.reference.live.cli.options import DEFAULT_SERVER
from gnomon.reference.live.cli.tables import job_table, runs_table, when
from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import Json
from gnomon.specs.render.strings import counted, printable

if TYPE_CHECKING:
    from gnomon.reference.live.cli.client import Client

LATEST_RUNS = 10
"""Runs that ``gnomon jobs show`` prints."""

Job = Annotated[
    str, typer.Argument(metavar="ID_OR_NAME", help="Id or name of a job; an id takes precedence.")
]

_HELP = """List, show and change the jobs of a running server.

A server with credentials needs a login: GNOMON_TOKEN, or GNOMON_USER and GNOMON_PASSWORD, or a file
that --login names. No option takes a secret: every user of the machine can read the command line of
a running process, and a shell keeps it.

Exit status 0: done; 1: you declined; 2: bad input, or the server refused.
"""


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(no_args_is_help=True, help=_HELP, callback=take_ca_file)
    for name, command, example in (
        ("list", list_jobs, "gnomon jobs list --result failed --sort -next_due"),
        ("show", show, "gnomon jobs show 'daily report'"),
        ("results", results, "gnomon jobs results 'daily report'"),
        ("create", create, "gnomon jobs create ping --service demo.input-logger --every 5s"),
        ("edit", edit, "gnomon jobs edit ping --every 1m --extra 'Good morning'"),
        ("delete", delete, "gnomon jobs delete ping --yes"),
        ("activate", activate, "gnomon jobs activate ping"),
        ("deactivate", deactivate, "gnomon jobs deactivate ping"),
        ("execute", execute, "gnomon jobs execute ping --extra 'for this run'"),
        ("export", export, "gnomon jobs export --out jobs.toml"),
        ("apply", apply, "gnomon jobs apply jobs.toml --dry-run"),
    ):
        group.command(name, epilog=examples(example))(command)
    app.add_typer(group, name="jobs")


# --- reading


def list_jobs(
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only jobs with this text in their name.")
    ] = None,
    service: Annotated[
        str | None, typer.Option(metavar="S", help="Only jobs that run this service.")
    ] = None,
    job_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help=f"Only {', '.join(JOB_TYPES)}.")
    ] = None,
    active: Annotated[
        bool | None,
        typer.Option("--active/--inactive", help="Only jobs that are active, or are not."),
    ] = None,
    result: Annotated[
        str | None,
        typer.Option(
            metavar="OUTCOME", help="Only jobs whose last result is this, as in failed or none."
        ),
    ] = None,
    sort: Annotated[
        str, typer.Option(metavar="ORDER", help="name or next_due; with - before it backwards.")
    ] = "name",
    server: Server = DEFAULT_SERVER,
    login: Login = None,
    json: Json = False,
) -> None:
    """List the jobs, a line each, and those that cannot be read.

    On a terminal the lines are cut at its edge; jobs show has all of a job. With --json, the
    reasons why a job cannot be read are on standard error.
    """
    query = {"name_contains": name, "service": service, "job_type": job_type, "result": result}
    if active is not None:
        query["active"] = "true" if active else "false"
    filters = {key: value for key, value in query.items() if value is not None}
    with connected(server, login) as client:
        pages = client.pages({**filters, "sort": sort})
        console.print_notes(pause_notes(client.cluster()))
        if json:
            console.print_json([job for page in pages for job in page])
            unreadable = [] if filters else client.unreadable_jobs()
            console.print_notes(f"job {each.id}: {each.why}" for each in unreadable)
            return
        width = console.width()
        first = next(pages)
        if first:
            for text in lines(chain([first], pages), width):
                console.print_text(text)
        unreadable = [] if filters else client.unreadable_jobs()
        if unreadable:
            console.print_text(unreadable_lines(unreadable, width))
        elif not first:
            console.print_parts("no job is like that" if filters else "there are no jobs")


def results(
    job: Job, server: Server = DEFAULT_SERVER, login: Login = None, json: Json = False
) -> None:
    """List the last results of a job: its runs that have ended.

    The store keeps them whatever it forgets of the history; gnomon serve --results sets how many.
    """
    with connected(server, login) as client:
        found = client.results(_find(client, job).id)
    if json:
        console.print_json(found)
    else:
        console.print_parts(runs_table(found.results) if found.results else "no run has ended")


def show(
    job: Job, server: Server = DEFAULT_SERVER, login: Login = None, json: Json = False
) -> None:
    """Show a job and its latest runs."""
    with connected(server, login) as client:
        found = _find(client, job)
        latest = client.runs(found.id, LATEST_RUNS)
    if json:
        console.print_json({"job": found, **msgspec.structs.asdict(latest)})
        return
    console.print_parts(job_table(found), "")
    console.print_parts(runs_table(latest.runs) if latest.runs else "no runs are in the history")
    if latest.since is not None:
        console.print_parts(f"runs before {latest.since} were not searched")


# --- changing


def create(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the job, which no other job has.")
    ],
    service: Annotated[str, typer.Option(metavar="S", help="Service that the job runs.")],
    every: Every = None,
    cron: Cron = None,
    timezone: CronZone = None,
    at: At = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="T", help="Earliest instant; --every counts from it.  [default: now]"),
    ] = None,
    repeats: Repeats = None,
    ends: Ends = None,
    extra: Extra = None,
    extra_file: ExtraFile = None,
    inactive: Inactive = False,
    misfire: MisfirePolicy = None,
    grace: Grace = None,
    max_parallel: MaxParallel = None,
    jitter: Jitter = None,
    max_runtime: MaxRuntime = None,
    server: Server = DEFAULT_SERVER,
    login: Login = None,
    json: Json = False,
) -> None:
    """Create a job, with one of --every, --cron and --at."""
    due = due_fields(every, cron, at, start)
    if "job_type" not in due:
        raise BadInput("--every, --cron, --at", ["give one of them: when the job is due"])
    fields = {
        "start_date": write_instant(console.next_second()),
        **due,
        **given(name=name, service=service, timezone=timezone, repeats=repeats, ends=ends),
        **given(extra=payload(extra, extra_file), misfire=misfire, grace=grace),
        **given(max_parallel=max_parallel, jitter=jitter, max_runtime=max_runtime),
        "is_active": not inactive,
    }
    with connected(server, login) as client:
        _print_changed("created", client.create(fields), json)


def edit(
    job: Job,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="New name.")] = None,
    service: Annotated[str | None, typer.Option(metavar="S", help="New service.")] = None,
    every: Every = None,
    cron: Cron = None,
    timezone: CronZone = None,
    at: At = None,
    start: Annotated[
        str | None, typer.Option(metavar="T", help="Earliest instant; --every counts from it.")
    ] = None,
    repeats: Repeats = None,
    no_repeats: NoRepeats = False,
    ends: Ends = None,
    no_ends: NoEnds = False,
    extra: Extra = None,
    extra_file: ExtraFile = None,
    no_extra: NoExtra = False,
    inactive: Inactive = False,
    misfire: MisfirePolicy = None,
    grace: Grace = None,
    max_parallel: MaxParallel = None,
    no_max_parallel: NoMaxParallel = False,
    jitter: Jitter = None,
    max_runtime: MaxRuntime = None,
    no_max_runtime: NoMaxRuntime = False,
    revision: Annotated[
        int | None,
        typer.Option(metavar="N", help="Revision that is edited; refused at any other.", min=1),
    ] = None,
    server: Server = DEFAULT_SERVER,
    login: Login = None,
    json: Json = False,
) -> None:
    """Change the given fields of a job.

    A concurrent change is not overwritten: the server refuses the edit if the job is no longer at
    --revision, or without it at the revision that this command has just read.
    """
    optional = given(
        repeats=repeats,
        ends=ends,
        max_parallel=max_parallel,
        max_runtime=max_runtime,
        extra=payload(extra, extra_file),
    )
    fields = {
        **due_fields(every, cron, at, start),
        **given(name=name, service=service, timezone=timezone, misfire=misfire, grace=grace),
        **given(jitter=jitter),
        **optional,
        **removed(
            optional,
            repeats=no_repeats,
            ends=no_ends,
            max_parallel=no_max_parallel,
            max_runtime=no_max_runtime,
            extra=no_extra,
        ),
        **({"is_active": False} if inactive else {}),
    }
    if not fields:
        raise BadInput("OPTIONS", ["none says what to change; gnomon jobs edit --help lists them"])
    with connected(server, login) as client:
        found = _find(client, job)
        changed = client.edit(found.id, fields, revision or found.revision)
        _print_changed("edited", changed, json)
    if not (changed.is_active or inactive):
        note = "is inactive and publishes nothing; gnomon jobs activate"
        console.print_notes([f"{_label(changed)} {note} {shlex.quote(changed.name)} activates it"])


def delete(
    job: Job,
    yes: Yes = False,
    drop_messages: Annotated[
        bool,
        typer.Option(
            "--drop-messages", help="Its waiting messages are dropped.  [default: they are run]"
        ),
    ] = False,
    server: Server = DEFAULT_SERVER,
    login: Login = None,
    json: Json = False,
) -> None:
    """Delete a job, after a confirmation at the terminal."""
    refuse_without_terminal(yes, "the job is deleted")
    with connected(server, login) as client:
        found = _find(client, job)
        if not yes and not confirms(f"Delete {_label(found)}? [y/N]"):
            console.print_notes(["nothing was deleted"])
            raise typer.Exit(1)
        deleted = client.delete(found.id, found.revision, drop_messages)
    if json:
        console.print_json(found)
        return
    _print_changed("deleted", found, json)
    if deleted.waiting:
        messages = counted(deleted.waiting, "message")
        fate = "dropped" if deleted.dropped else "still run; --drop-messages drops such"
        console.print_parts(f"{messages} that waited: {fate}")


def activate(
    job: Job, server: Server = DEFAULT_SERVER, login: Login = None, json: Json = False
) -> None:
    """Activate a job; the time it was inactive is not made up."""
    _set_active(job, True, server, login, json)


def deactivate(
    job: Job, server: Server = DEFAULT_SERVER, login: Login = None, json: Json = False
) -> None:
    """Deactivate a job; it publishes nothing until it is active."""
    _set_active(job, False, server, login, json)


def _set_active(job: str, is_active: bool, server: str, login: Path | None, json: bool) -> None:
    with connected(server, login) as client:
        changed = client.set_active(_find(client, job).id, is_active)
        _print_changed("activated" if is_active else "deactivated", changed, json)


def execute(
    job: Job,
    extra: Extra = None,
    extra_file: ExtraFile = None,
    server: Server = DEFAULT_SERVER,
    login: Login = None,
    json: Json = False,
) -> None:
    """Run a job once, now; its schedule does not change.

    A payload is that of this run only; without one it is the job's.
    """
    given_payload = payload(extra, extra_file)
    with connected(server, login) as client:
        found = _find(client, job)
        cid = client.execute(found.id, extra=given_payload)
    if json:
        console.print_json({"cid": cid})
    else:
        console.print_parts(f"published a run of {_label(found)}: {cid}")


def _find(client: "Client", job: str) -> JobView:
    """The job with that id, or else with that name. Raises Failed, or BadInput if there is none."""
    from gnomon.reference.live.cli.client import Failed  # noqa: PLC0415

    if not job:
        raise BadInput("ID_OR_NAME", ["it must be the id or the name of a job; given was ''"])
    try:
        return client.job(job)
    except Failed as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
    if (found := client.named(job)) is not None:
        return found
    close = get_close_matches(job, [known.name for known in client.jobs()], n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise BadInput("ID_OR_NAME", [f"there is no job {job!r}; {hint}gnomon jobs list lists them"])


def _label(job: JobView) -> str:
    return printable(f"job {job.id} {job.name}")


def _print_changed(done: str, job: JobView, json: bool) -> None:
    if json:
        console.print_json(job)
    else:
        console.print_parts(f"{done} {_label(job)}, revision {job.revision}: {when(job)}")
