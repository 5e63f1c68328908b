"""Zato's enmasse files: reads the jobs of their section ``scheduler``, and writes it.

The one idea: nothing is lost silently. A value that no job can have is a fault of the file. A
field whose effect no job has here is left out and reported, with its line. Values are read as those
of a request to Zato's API (``reading``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, NamedTuple

import yaml

from gnomon.reference import jobs
from gnomon.reference.jobs import Definition, Fault, Rejected
from gnomon.reference.live.api.errors import brief
from gnomon.reference.live.api.zato.forms import DefinitionForm
from gnomon.reference.live.api.zato.reading import read_fields
from gnomon.reference.schedule.clock import write_duration, write_instant

SECTION = "scheduler"
NEVER_GIVEN = ("timezone", "misfire", "grace", "ends", "max_parallel")
"""The fields of a job that Zato does not have."""

_MILLISECOND = 1_000
_SPANS = {"jitter_ms": "jitter", "max_execution_time_ms": "max_runtime"}
"""Fields in milliseconds, each with the field of a job that it becomes; Zato has them since 4.1."""
MAY_BE_MISSING = ("start_date", "is_active", *NEVER_GIVEN, *_SPANS.values())
"""The fields that an existing job keeps if a file does not give them."""
_TEXTS = ("name", "service", "job_type", "cron_definition", "extra")
_FIELDS = (
    *(name for name in DefinitionForm.__struct_fields__ if name != "cluster_id"),
    *_SPANS,
)
_IGNORED = ("id", "cluster_id", "service_id", "service_name")
"""Fields of exported files that repeat or number something."""
_KEYS = {field: key for key, field in _SPANS.items()}
_VARIABLE = "Zato_Enmasse_Env."
_NULL = "tag:yaml.org,2002:null"

# CSafeLoader is six times as fast; it is there if PyYAML was built with libyaml.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class EnmasseError(ValueError):
    """A file that cannot be used; `faults` has a line for each fault: place, problem, remedy."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Enmasse(NamedTuple):
    """The jobs of a file, each with the fields that the file gives; and what was left out."""

    jobs: list[tuple[Definition, frozenset[str]]]
    left_out: list[str]


# --- reading


def read_enmasse(data: bytes, start_of: Callable[[str], int]) -> Enmasse:
    """The jobs in a file, YAML or JSON.

    `start_of` is the start_date (µs, UTC) of a job of that name if the file gives none. Raises
    EnmasseError with every fault.
    """
    loader = _Loader(data)
    try:
        root = loader.get_single_node()
        return _Reader(loader, start_of).read(root)
    except yaml.YAMLError as error:
        raise EnmasseError([_syntax_fault(error)]) from None
    except RecursionError:
        raise EnmasseError(["it is nested deeper than any such file"]) from None
    finally:
        loader.dispose()


def _syntax_fault(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).replace("\n", " ")
    return f"line {mark.line + 1}: not YAML: {problem}" if mark else f"not YAML: {problem}"


class _Item(NamedTuple):
    """A job in the file: its line, and its values by key."""

    line: int
    nodes: Mapping[str, yaml.Node]

    def line_of(self, key: str) -> int:
        """The line of a key's value; without one that of the job."""
        return _line(self.nodes[key]) if key in self.nodes else self.line

    @property
    def label(self) -> str:
        """The name of the job in brackets, if it has one."""
        name = self.nodes.get("name")
        return f" ({name.value:.60})" if isinstance(name, yaml.ScalarNode) and name.value else ""


class _Reader:
    """Reads the items of one file; collects the faults and what is left out, each with its line."""

    # Any: yaml's own types are of the loader written in Python, and this may be the one in C.
    def __init__(self, loader: Any, start_of: Callable[[str], int]) -> None:
        self.loader = loader
        self.start_of = start_of
        self.faults: list[tuple[int, str]] = []
        self.left_out: list[tuple[int, str]] = []

    def fault(self, line: int, problem: str) -> None:
        self.faults.append((line, f"line {line}{problem}"))

    def fault_of(self, item: _Item, key: str, problem: str) -> None:
        self.fault(item.line_of(key), f"{item.label}, {key}: {problem}")

    def leave_out(self, item: _Item, key: str, reason: str) -> None:
        line = item.line_of(key)
        self.left_out.append((line, f"line {line}{item.label}, {key}: {reason}"))

    def read(self, root: yaml.Node | None) -> Enmasse:
        found: list[tuple[Definition, frozenset[str]]] = []
        lines: dict[str, int] = {}
        for item in self.items(root):
            if (job := self.job(item)) is None:
                continue
            name = job[0].name
            if name in lines:
                problem = f"a job of this name is in line {lines[name]} already"
                self.fault_of(item, "name", problem)
            lines.setdefault(name, item.line)
            found.append(job)
        if self.faults:
            raise EnmasseError([text for _, text in sorted(self.faults)])
        return Enmasse(found, [text for _, text in sorted(self.left_out)])

    # --- nodes

    def items(self, root: yaml.Node | None) -> Iterator[_Item]:
        """The items of the section; other sections have no jobs."""
        sections = {} if root is None else self.mapping(root, "the file must be a mapping")
        if "include" in sections:
            line = _line(sections["include"])
            self.left_out.append((line, f"line {line}, include: apply each of its files by itself"))
        if SECTION not in sections:
            if not self.faults:
                self.faults.append((0, f"there is no section {SECTION}, which has the jobs"))
            return
        section = sections[SECTION]
        if section.tag == _NULL:
            return
        if not isinstance(section, yaml.SequenceNode):
            self.fault(_line(section), f", {SECTION}: it must be a list of jobs")
            return
        for node in section.value:
            before = len(self.faults)
            nodes = self.mapping(node, "a job must be a mapping, as in `name: report`")
            if len(self.faults) == before:
                yield _Item(_line(node), nodes)

    def mapping(self, node: yaml.Node, otherwise: str) -> dict[str, yaml.Node]:
        """The values of a mapping by key. A key that is there twice is a fault."""
        if not isinstance(node, yaml.MappingNode):
            self.fault(_line(node), f": {otherwise}")
            return {}
        own: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.fault(_line(key), ": a key must be a text")
            elif key.value in own and key.value != "<<":
                self.fault(_line(key), f": the key {key.value:.60} is there twice")
            own.add(str(key.value))
        self.loader.flatten_mapping(node)  # replaces `<<` by what it merges, before own keys
        return {key.value: each for key, each in node.value if isinstance(key, yaml.ScalarNode)}

    def values(self, item: _Item) -> dict[str, object]:
        """The values by key. One that YAML cannot read is a fault."""
        found: dict[str, object] = {}
        for key, node in item.nodes.items():
            try:
                found[key] = value = self.value(key, node)
            except (yaml.YAMLError, ValueError) as error:
                self.fault_of(item, key, str(getattr(error, "problem", None) or error))
                continue
            if isinstance(value, str) and value.startswith(_VARIABLE):
                problem = "variables of the environment are not read; write the value"
                self.fault_of(item, key, f"{problem}; given was {value:.80}")
                del found[key]
        return found

    def value(self, key: str, node: yaml.Node) -> object:
        """A value as a request has it. Raises ValueError or YAMLError."""
        if key == "extra" and isinstance(node, yaml.SequenceNode):
            return "\n".join(self.text(part) for part in node.value)
        if key in _FIELDS and not isinstance(node, yaml.ScalarNode):
            raise ValueError("it must be a single value")
        if key in _TEXTS and node.tag != _NULL:
            return self.text(node)
        value = self.loader.construct_object(node, deep=True)
        return value.isoformat() if isinstance(value, date) else value

    def text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise ValueError("each part must be a text")
        value = self.loader.construct_object(node, deep=True)
        if not isinstance(value, str):
            kind = type(value).__name__
            raise ValueError(
                f"it must be text, and YAML reads {node.value:.60} as {kind}: put it in quotes"
            )
        return value

    # --- jobs

    def job(self, item: _Item) -> tuple[Definition, frozenset[str]] | None:
        """The job of an item; None if it has faults."""
        before = len(self.faults)
        given = self.values(item)
        for key, value in given.items():
            if value and key not in _FIELDS and key not in _IGNORED:
                close = get_close_matches(key, _FIELDS, n=1, cutoff=0.75)
                hint = f"; did you mean {close[0]}?" if close else ""
                self.leave_out(item, key, f"left out: no job has it here{hint}")
        values, faults = read_fields(DefinitionForm, self.complete(given))
        fields = {name: values[name] for name in Definition.__struct_fields__ if name in values}
        for key, field in _SPANS.items():
            if given.get(key):
                fields[field] = self.span(item, key, given[key])
        definition, others = self.definition(item, fields)
        named = {fault.field for fault in faults}
        unread = item.nodes.keys() - given.keys()
        for fault in (*faults, *(fault for fault in others if fault.field not in named)):
            key = _KEYS.get(fault.field, fault.field)
            if not unread or key in given:  # else it may follow from what could not be read
                self.fault_of(item, key, f"{fault.allowed}; given was {fault.given}")
        if definition is None or len(self.faults) > before:
            return None
        kept = {key for key in MAY_BE_MISSING if given.get(_KEYS.get(key, key)) in (None, "")}
        return definition, frozenset(fields.keys() - kept)

    def complete(self, given: Mapping[str, object]) -> dict[str, object]:
        """The values with those that Zato takes for missing ones."""
        start = write_instant(self.start_of(str(given.get("name"))))
        missing = {"is_active": False, "job_type": "interval_based", "start_date": start}
        return missing | {key: each for key, each in given.items() if each or key not in missing}

    def span(self, item: _Item, key: str, value: object) -> str:
        """A number of milliseconds as a duration."""
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return write_duration(value * _MILLISECOND)
        problem = "it must be a whole number of milliseconds"
        self.fault_of(item, key, f"{problem}; given was {brief(value)}")
        return "0s"

    def definition(
        self, item: _Item, fields: dict[str, Any]
    ) -> tuple[Definition | None, list[Fault]]:
        """The definition, without a jitter that does not fit, or the faults."""
        try:
            return jobs.read(fields), []
        except Rejected as error:
            if [fault.field for fault in error.faults] != ["jitter"]:
                return None, error.faults
            self.leave_out(item, "jitter_ms", f"left out: {error.faults[0].allowed}")
        del fields["jitter"]
        return jobs.read(fields), []


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


# --- writing


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, and escapes what is not printable.

    PyYAML does not escape U+0085 in single quotes, and reads it as a space.
    """


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if not text.replace("\n", "").isprintable():
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _write_text)


def write_enmasse(definitions: Iterable[Definition]) -> tuple[str, list[str]]:
    """The file of jobs; and a line for each field of a job that such a file cannot give."""
    items, left_out = [], []
    for definition in definitions:
        items.append(_item(definition))
        fields = jobs.write(definition)
        left_out += [
            f"job {definition.name}, {field}: {fields[field]}: Zato has no such field"
            for field in NEVER_GIVEN
            if field in fields
        ]
        left_out += [
            f"job {definition.name}, {field}: {fields[field]}: {key} is in whole milliseconds"
            for key, field in _SPANS.items()
            if (getattr(definition, field) or 0) % _MILLISECOND
        ]
    text = yaml.dump(
        {SECTION: items}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return text, left_out


def _item(definition: Definition) -> dict[str, object]:
    fields = jobs.write(definition)
    start = {"start_date": fields["start_date"].removesuffix("Z")}
    item = {key: fields[key] for key in _FIELDS if key in fields} | start
    item["is_active"] = definition.is_active
    for key, field in _SPANS.items():
        span = getattr(definition, field) or 0
        if span and span % _MILLISECOND == 0:
            item[key] = span // _MILLISECOND
    return item
