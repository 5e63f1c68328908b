"""The scripts of calls: each has every function that it calls, and there are few of them."""

import re
from collections.abc import Iterator
from itertools import combinations

import pytest
from lupa.lua51 import LuaError

from gnomon.reference.live.store import encode
from gnomon.reference.live.store.redis import RedisStore
from gnomon.reference.live.store.scripts import FREQUENT, script_of
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import Campaign, Claim, Heartbeat
from tests.support.lua_globals import globals_of
from tests.support.servers import RealServer

PROFILES: list[Profile] = ["durable", "classic"]
OPERATIONS = sorted(operation.__name__ for operation in encode._ENCODERS)
OF_THE_SERVER = {
    "ARGV", "KEYS", "cjson", "ipairs", "math", "next", "pairs", "pcall", "redis", "string", "table",
    "tonumber", "type", "unpack",
}  # fmt: skip
"""The globals that a server gives to scripts, as far as ours use them."""


def calls() -> Iterator[frozenset[str]]:
    """The operations of calls, one of each kind that may have a script of its own."""
    for size in range(len(FREQUENT) + 1):
        yield from map(frozenset, combinations(sorted(FREQUENT), size))
    yield from (frozenset({operation}) for operation in OPERATIONS)
    yield frozenset(OPERATIONS)


@pytest.mark.parametrize("profile", PROFILES)
def test_each_script_has_all_that_it_calls(profile: Profile) -> None:
    for operations in calls():
        text = script_of(profile, operations).text
        assert globals_of(text) <= OF_THE_SERVER, operations
        for operation in operations:
            assert b"function meaning.%b()" % operation.encode() in text


@pytest.mark.parametrize("profile", PROFILES)
def test_a_missing_function_is_noticed(profile: Profile) -> None:
    """The same look at a script from which one function was taken."""
    text = script_of(profile, frozenset({"Claim"})).text
    found = globals_of(text.replace(b"local function assign(", b"local function another("))
    assert found - OF_THE_SERVER == {"assign"}
    with pytest.raises(LuaError):
        globals_of(text + b"end")


@pytest.mark.parametrize("profile", PROFILES)
def test_there_are_few_scripts(profile: Profile) -> None:
    """The server keeps each script that it was given."""
    whole = script_of(profile, frozenset(OPERATIONS))
    pairs = [frozenset(pair) for pair in combinations(OPERATIONS, 2)]
    assert {script_of(profile, pair) for pair in pairs if not pair <= FREQUENT} == {whole}
    shas = {script_of(profile, operations).sha for operations in (*calls(), *pairs)}
    assert len(shas) <= 2 ** len(FREQUENT) + len(OPERATIONS) + 1 < 100


@pytest.mark.parametrize("profile", PROFILES)
def test_a_frequent_operation_costs_no_rare_one(profile: Profile) -> None:
    text = script_of(profile, frozenset(FREQUENT)).text
    for operation in set(OPERATIONS) - FREQUENT:
        assert b"meaning.%b" % operation.encode() not in text


@pytest.mark.parametrize("profile", PROFILES)
def test_what_only_a_rare_function_needs_is_inside_of_it(profile: Profile) -> None:
    text = script_of(profile, frozenset({"Claim", "RecordEvents"})).text
    pieces = text.split(b"local function correct_time()\n")
    assert len(pieces) == 2
    inside = pieces[1].split(b"\n  local was = meta.now\n")[0]
    for name in (b"set_jobs_back", b"set_lives_back", b"read_progress"):
        assert text.count(b"local function %b(" % name) == 1
        assert b"local function %b(" % name in inside
    assert b"local function record(" in pieces[0]  # needed elsewhere too


@pytest.mark.parametrize("profile", PROFILES)
def test_a_script_reads_each_stored_number_that_it_names(profile: Profile) -> None:
    for operations in calls():
        text = script_of(profile, operations).text.decode()
        read = re.findall(r"'(\w+)'", text.partition("local NUMBERS = {")[2].partition("}")[0])
        assert read == sorted(set(re.findall(r"\bmeta\.(\w+)", text)))
    assert "'epoch'" not in script_of(profile, frozenset({"Claim"})).text.decode()


def test_each_script_is_loaded_once(real_server: RealServer) -> None:
    """And anew after the server has lost its scripts, as a replica that takes over has none."""
    client = real_server.client()
    client.flushall()
    client.script_flush()
    store = RedisStore(client)
    mixes = ([Campaign(SECOND)], [Claim(1, 1)], [Heartbeat(SECOND)], [Campaign(SECOND)])
    for _ in range(2):
        client.config_resetstat()
        for operations in mixes:
            store.call("s1", operations)
        assert client.info("commandstats")["cmdstat_script|load"]["calls"] == 3
        client.script_flush()
