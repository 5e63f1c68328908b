"""Golden runs: what comes of six recordings now is what came of them when somebody looked."""

from difflib import unified_diff
from itertools import islice
from pathlib import Path

import pytest

from gnomon.reference.events import kind_of
from gnomon.reference.history import read
from gnomon.specs.rules import judge
from tests.golden import NAMES, PLACE, files_of, history_of

SHOWN = 20
"""Lines of a difference; the rest is for the review."""
TELLING = {
    "changes": {"job_edited", "job_deactivated", "job_activated", "job_rejected", "job_deleted"},
    "clocks-back": {"published"},
    "failover": {"server_crashed", "lease_expired", "reclaimed", "coalesced"},
    "misfires": {"server_crashed", "coalesced", "skipped"},
    "overlap": {"published"},
    "starvation": {"published"},
}


def difference(file: Path, now: bytes) -> str:
    """What is to be said of a golden file that is not as it should be `now`; nothing if it is."""
    then = file.read_bytes() if file.exists() else b""
    if then == now:
        return ""
    before, after = (data.decode(errors="replace").splitlines() for data in (then, now))
    shown = islice(unified_diff(before, after, "then", "now", n=1, lineterm=""), SHOWN)
    return "\n".join(
        [
            f"{file.name} is not what its recording comes to now.",
            "If that is meant, python -m tests.golden writes it anew; look at the difference.",
            *(line[:160] for line in shown),
        ]
    )


@pytest.mark.parametrize("ending", ["txt", "svg", "jsonl"])
@pytest.mark.parametrize("name", NAMES)
def test_a_golden_run_comes_out_as_it_did(name: str, ending: str) -> None:
    file = PLACE / f"{name}.{ending}"
    if said := difference(file, files_of(name)[file]):
        pytest.fail(said, pytrace=False)


def test_nothing_else_is_golden() -> None:
    expected = {f"{name}.{ending}" for name in NAMES for ending in ("toml", "jsonl", "txt", "svg")}
    assert {file.name for file in PLACE.glob("*.[!p]*")} == expected
    assert set(NAMES) == TELLING.keys()


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_run_is_short_whole_and_right(name: str) -> None:
    told = read((PLACE / f"{name}.jsonl").read_bytes().splitlines(keepends=True))
    assert 0 < len(told.events) <= 60
    assert TELLING[name] <= {kind_of(event) for event in told.events}
    assert not [id for id, finding in judge(told).items() if finding.violations]


def test_a_difference_says_which_file_and_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "overlap.txt"
    said = difference(file, b"0s published 1 report\n")
    assert said.splitlines() == [
        "overlap.txt is not what its recording comes to now.",
        "If that is meant, python -m tests.golden writes it anew; look at the difference.",
        "--- then",
        "+++ now",
        "@@ -0,0 +1 @@",
        "+0s published 1 report",
    ]
    file.write_bytes(b"0s published 1 report\n")
    assert difference(file, b"0s published 1 report\n") == ""
    assert "-0s published 1 report" in difference(file, b"1s published 1 report\n").splitlines()
    assert len(difference(file, b"\xff\n" * 100).splitlines()) == SHOWN + 2


def test_where_a_golden_history_is_from_is_no_part_of_it() -> None:
    told = history_of("overlap")
    assert (told.header.recording, told.header.versions) == (None, {})
