"""Time zones: which names exist, and the one database that gives their UTC offsets (FIRE-5).

The one idea: equal definitions are due at equal instants on every machine. `zoneinfo.ZoneInfo`
prefers the files of the machine, which may be years older than those of another machine. Therefore
all zones are loaded here, from one database:

    the package tzdata                          unless the environment names another
    the directory that GNOMON_TZDATA names      zones as zic compiles them, with their tzdata.zi,
                                                as in /usr/share/zoneinfo

In both, ``tzdata.zi`` gives the version and the names. It lists the zones of IANA and their links,
such as ``US/Pacific``, and not what a system adds: ``localtime``, ``posixrules``, ``posix/…`` and
``right/…``.
"""

import os
from difflib import SequenceMatcher, get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from zoneinfo import ZoneInfo

DIRECTORY_VARIABLE = "GNOMON_TZDATA"
"""The environment variable that names another database; it is read once."""

_NO_PLACE = frozenset({"Factory"})
"""What IANA lists and is no zone: the setting of a machine whose zone nobody has set."""
_SEARCHED = range(5, 65)
"""Lengths of the texts for which a similar name is searched. Shorter ones are abbreviations, for
which a similar name is a wrong one (CEST and EST); IANA's names are not longer."""
_SIMILAR = 82
"""Per cent of the characters that a suggested name must share, as Warsow and Warsaw do."""
_NOT_SUGGESTED = "Etc/"
"""Zones that are never suggested: ``Etc/GMT+1`` is behind UTC, and ``GMT+1`` means ahead of it."""


class UnknownZone(ValueError):
    """No zone of the database has that name."""


class ZoneDatabaseError(Exception):
    """There is no database where one should be."""


def zone_database() -> str:
    """The version of the database, as IANA numbers it, such as ``2026f``.

    Two machines with the same version compute the same instants. Raises ZoneDatabaseError.
    """
    return _listing().partition("\n")[0].removeprefix("# version ")


@cache
def zone_names() -> frozenset[str]:
    """The names of all zones of the database, links included. Raises ZoneDatabaseError."""
    lines = [line.split() for line in _listing().splitlines()]
    zones = {words[1] for words in lines if words and words[0] == "Z"}
    links = {words[2] for words in lines if words and words[0] == "L"}
    return frozenset((zones | links) - _NO_PLACE)


@cache
def load_zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises UnknownZone, and ZoneDatabaseError if there is no database.

    >>> load_zone("Europe/Warsaw").key
    'Europe/Warsaw'
    """
    if name not in zone_names():
        raise UnknownZone(name)
    try:
        with _root().joinpath(*name.split("/")).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except FileNotFoundError:  # some systems list the links and do not install them
        raise UnknownZone(name) from None


def similar_zones(name: str) -> list[str]:
    """Up to two zones whose name, or whose last part, `name` resembles; the most similar first.

    >>> similar_zones("Europe/Warsow"), similar_zones("new york"), similar_zones("PST")
    (['Europe/Warsaw'], ['America/New_York'], [])
    """
    return list(_similar_zones(name))


@lru_cache(maxsize=64)
def _similar_zones(name: str) -> tuple[str, ...]:
    wanted = name.casefold().replace(" ", "_")
    zones = [zone for zone in sorted(zone_names()) if not zone.startswith(_NOT_SUGGESTED)]
    by_name = {zone.casefold().rpartition("/")[2]: zone for zone in reversed(zones)}
    by_name |= {zone.casefold(): zone for zone in zones}
    for text in (wanted, wanted.rpartition("/")[2]):
        if text in by_name:
            return (by_name[text],)
    if len(wanted) not in _SEARCHED:
        return ()
    close = [text for text in get_close_matches(wanted, by_name, n=2) if _is_similar(text, wanted)]
    return tuple(dict.fromkeys(by_name[text] for text in close))


def _is_similar(one: str, other: str) -> bool:
    shared = sum(block.size for block in SequenceMatcher(None, one, other).get_matching_blocks())
    return 2 * shared * 100 >= _SIMILAR * (len(one) + len(other))


@cache
def _listing() -> str:
    """The text of ``tzdata.zi``: a line with the version, then rules, zones and links."""
    where = _root()
    try:
        text = where.joinpath("tzdata.zi").read_text("utf-8")
    except OSError as error:
        raise ZoneDatabaseError(f"{where} has no tzdata.zi that can be read: {error}") from None
    if not text.startswith("# version "):
        raise ZoneDatabaseError(f"{where} has a tzdata.zi that does not begin with '# version'")
    return text


@cache
def _root() -> Traversable:
    if directory := os.environ.get(DIRECTORY_VARIABLE):
        return Path(directory)
    try:
        return files("tzdata").joinpath("zoneinfo")
    except ModuleNotFoundError:
        raise ZoneDatabaseError("the package tzdata is not installed") from None
