"""Writing a recording: from the value to tables, and from tables to TOML.

The one idea: a person reads the result, so defaults are left out, and each job, service and command
is a table with a heading of its own.
"""

import msgspec
import tomli_w

from gnomon.reference import jobs
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.store.messages import MAX_ATTEMPTS
from gnomon.specs.recording.commands import Command
from gnomon.specs.recording.format import FORMAT, ClusterTable, ServiceTable
from gnomon.specs.recording.keys import keys_of
from gnomon.specs.recording.model import ClusterSpec, JobSpec, Recording, ServiceSpec

Table = dict[str, object]
"""A table of a file, with values as JSON has them."""


def to_toml(recording: Recording) -> str:
    """`recording` as TOML, a table for each job, service and command; ``parse`` reads it back."""
    arrays = _arrays(recording)
    parts = (element(key, table) for key, array in arrays.items() for table in array)
    return "\n".join([tomli_w.dumps(_head(recording)), *parts])


def element(key: str, table: Table) -> str:
    """An element of an array of tables, with a heading: tomli-w puts short ones in one line."""
    heading, _, rest = tomli_w.dumps({key: table}).partition("\n")
    return f"[{heading}]\n{rest}"


def tables_of(recording: Recording) -> Table:
    """`recording` as plain values, defaults left out; ``interpret`` reads it back."""
    arrays = _arrays(recording)
    return _head(recording) | {key: array for key, array in arrays.items() if array}


def _head(recording: Recording) -> Table:
    texts = {"title": recording.title, "note": recording.note}
    return {
        "format": FORMAT,
        **{key: text for key, text in texts.items() if text},
        "from": write_instant(recording.start),
        "until": write_instant(recording.until),
        **({"seed": recording.seed} if recording.seed else {}),
        "cluster": _cluster(recording.cluster),
    }


def _arrays(recording: Recording) -> dict[str, list[Table]]:
    return {
        "service": [_service(service) for service in recording.services],
        "job": [_job(job) for job in recording.jobs],
        "command": [_command(command) for command in recording.commands],
    }


def _service(spec: ServiceSpec) -> Table:
    return _without_defaults(spec, ServiceTable)


def _job(spec: JobSpec) -> Table:
    own_id = {} if spec.id == spec.definition.name else {"id": spec.id}
    return own_id | jobs.write(spec.definition)


def _command(command: Command) -> Table:
    return {
        "at": write_instant(command.at),
        "do": command.do,
        **_without_defaults(command, type(command)),
    }


def _cluster(spec: ClusterSpec) -> Table:
    """All keys but one: a person wants to see the size of the cluster."""
    keys = keys_of(ClusterTable)
    order = ("servers", "workers", "lease", "profile", "latency")
    return {name: keys[name].write(getattr(spec, name)) for name in order} | (
        {} if spec.max_attempts == MAX_ATTEMPTS else {"max_attempts": spec.max_attempts}
    )


def _without_defaults(value: ServiceSpec | Command, form: type[msgspec.Struct]) -> Table:
    """The keys of a table that differ from their defaults, as in a file."""
    pairs = ((name, key, getattr(value, key.attribute)) for name, key in keys_of(form).items())
    return {name: key.write(part) for name, key, part in pairs if part != key.default}
