"""How many cases each rule counts as examined."""

from gnomon.reference.history import History
from gnomon.specs.notation.parser import read_example
from gnomon.specs.rules import judge
from tests.support.vectors import vector


def _examined(history: History) -> dict[str, int]:
    return {id: finding.examined for id, finding in judge(history).items()}


def test_a_rule_that_examined_nothing_was_not_exercised() -> None:
    assert {finding.verdict for finding in judge(read_example("1s end")).values()} == {
        "not exercised"
    }


def test_fire_4_and_fire_5_share_the_occurrences_of_a_zone() -> None:
    published = "\n".join(
        f"{day}d2h published {day} a" for day in range(80, 95)
    )  # 29 March is day 87
    examined = _examined(
        read_example(
            f"""
            80d  job_created  a cron_definition="0 * * * *" timezone=Europe/Warsaw start_date=80d
            {published}
            """
        )
    )
    assert examined["FIRE-5"] == 2  # 01:00 UTC on the 29th is near 02:00 on the 28th and the 29th
    assert examined["FIRE-4"] == 13


def test_a_case_is_an_occurrence() -> None:
    examined = _examined(vector("FIRE-2/several-jobs-due-at-one-instant").history)
    assert examined["FIRE-2"] == examined["FIRE-6"] == examined["PUB-1"] == 8
    assert examined["PUB-3"] == 5  # pairs within a job
    assert examined["HIST-1"] == 16  # occurrences and messages
