"""``gnomon recordings``: the recordings that ship."""

from gnomon.specs.recording import files
from tests.support.command import Command, fault


def test_every_recording_that_ships_is_listed(run: Command) -> None:
    result = run("recordings")
    assert result.code == 0 and result.err == ""
    listed = [line.split()[0] for line in result.out.splitlines()[1 : len(files.names()) + 1]]
    assert listed == files.names()
    assert "gnomon replay overlap" in result.out


def test_recordings_for_machines(run: Command) -> None:
    values = run("recordings", "--json").json
    assert [entry["name"] for entry in values] == files.names()
    assert all(entry["title"] and entry["jobs"] for entry in values)
    assert all(entry.keys() == {"name", "title", "jobs", "from", "until"} for entry in values)


def test_replay_without_a_recording_names_this_command(run: Command) -> None:
    assert "gnomon recordings" in fault(run("replay"))
    assert "gnomon recordings" in fault(run("replay", "--json"))
