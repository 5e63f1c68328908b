"""The reader of vectors accepts what the format defines and refuses everything else."""

import re

import pytest

from gnomon.specs.notation.parser import read_example
from gnomon.specs.vectors.reader import VectorError, read_vector

GOOD = """
about = "A server with a fault claims late."
expect = "excused"
history = '''
0s  server_started  s1 workers=1
0s  fault_began     pause_server s1
1s  job_created     a extra={LONG} start_date=1s
1s  published       1 a
2s  fault_ended     pause_server s1
'''
[fill.LONG]
text = "ab"
times = 3
"""


def test_a_vector_is_read_with_its_long_texts_filled_in() -> None:
    vector = read_vector(GOOD.encode(), "WORK-2", "late")
    assert vector.id == "WORK-2/late"
    assert (vector.about, vector.expect) == ("A server with a fault claims late.", "excused")
    created = vector.history.events[2]
    assert created == read_example("1s job_created a extra=ababab start_date=1s").events[0]


def test_a_history_without_faults_keeps_every_other_event_and_ends_with_the_last() -> None:
    vector = read_vector(GOOD.encode(), "WORK-2", "late")
    kinds = [type(event).__name__ for event in vector.history_without_faults.events]
    assert kinds == ["ServerStarted", "JobCreated", "Published"]
    assert vector.history_without_faults.header.end == vector.history.header.end - 1_000_000


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("about =", "abuot =", "unknown field `abuot`"),
        ('about = "A server with a fault claims late."', "", "missing required field `about`"),
        ('"excused"', '"excuse"', "Invalid enum value 'excuse'"),
        ("times = 3", "times = 0", "Expected `int` >= 1 - at `$.fill[...].times`"),
        ("times = 3", "times = 3\nmore = 1", "unknown field `more`"),
        ("{LONG}", "long", "fill.LONG: the history does not contain {LONG}"),
        ("published       1 a", "publish 1 a", "history: line 4"),
        ("[fill.LONG]", "[fill.LONG", "at line 11"),
    ],
)
def test_a_fault_is_named_with_its_file(old: str, new: str, fault: str) -> None:
    bad = GOOD.replace(old, new)
    assert bad != GOOD
    with pytest.raises(VectorError, match=re.escape(fault)) as caught:
        read_vector(bad.encode(), "WORK-2", "late")
    assert str(caught.value).startswith("rules/WORK-2/late.toml: ")


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(VectorError, match=r"^rules/WORK-2/late\.toml: "):
        read_vector(GOOD.encode() + b"\xff", "WORK-2", "late")


def test_an_excused_case_must_contain_a_fault() -> None:
    bad = "".join(line for line in GOOD.splitlines(keepends=True) if "fault_" not in line)
    with pytest.raises(VectorError, match="an excused case must contain a fault"):
        read_vector(bad.encode(), "WORK-2", "late")
