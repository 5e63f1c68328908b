"""The syntax of a recording: from bytes, TOML or JSON, to tables with values as JSON has them."""

import json
import tomllib
from collections import Counter
from datetime import date, time

from gnomon.specs.recording.format import FORMAT
from gnomon.specs.recording.reader import RecordingError


def tables_in(
    data: bytes, beginning: str = f'a recording begins with format = "{FORMAT}"'
) -> dict[str, object]:
    """The tables in `data`, TOML or JSON, with values of JSON. Raises RecordingError.

    The `beginning` is what the message about an empty file says of how it begins.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8; a recording is a text, TOML or JSON in UTF-8"
        raise RecordingError([problem]) from None
    if not text.strip():
        raise RecordingError([f"the file is empty; {beginning}"])
    is_json = text.lstrip().startswith("{")
    try:
        return _json(text) if is_json else _toml(text)
    except RecursionError:
        problem = "it is nested deeper than any recording is"
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, _JsonError) as error:
        problem = str(error)
    except ValueError:  # raised by int(): the limit on digits
        problem = "a number in it has thousands of digits"
    if is_json:
        raise RecordingError([f"not JSON, although it begins with {{: {problem}"])
    raise RecordingError([f"neither JSON, for it does not begin with {{, nor TOML: {problem}"])


class _JsonError(ValueError):
    """JSON that parsers read differently, and that is never meant."""


def _json(text: str) -> dict[str, object]:
    tables = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    assert isinstance(tables, dict)
    return tables


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise _JsonError(f"the key {twice!r:.80} stands twice in one object")
    return table


def _refuse_constant(text: str) -> None:
    raise _JsonError(f"{text} is no number of JSON")


def _toml(text: str) -> dict[str, object]:
    tables = _without_dates(tomllib.loads(text))
    assert isinstance(tables, dict)
    return tables


def _without_dates(value: object) -> object:
    """A value of TOML as JSON has it: dates and times are text."""
    if isinstance(value, dict):
        return {key: _without_dates(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_dates(part) for part in value]
    return value.isoformat() if isinstance(value, date | time) else value
