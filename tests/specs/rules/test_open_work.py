"""Which messages WORK-4 counts as open work: a backlog needs ten times their runs to drain.

If the first hundred messages were open, they would excuse the backlog for as long as it lasts here.
"""

import pytest

from gnomon.specs.notation.parser import read_example
from gnomon.specs.rules import judge

RECLAIMED_AFTER_ITS_RUN = """
{begins}s published {message} a due={message}s
{begins}s claimed   {message} s1/1
{begins}s started   {message} s1/1
{ends}s   finished  {message} s1/1
{ends}s   reclaimed {message} s1/1
{ends}s   claimed   {message} s1/1 attempt=2
{ends}s   started   {message} s1/1 attempt=2
{later}s  finished  {message} s1/1 attempt=2
"""
RECLAIMED_WHILE_IT_RAN = RECLAIMED_AFTER_ITS_RUN.replace("{ends}s   finished  {message} s1/1\n", "")
BACKLOG = """
300s published 101 a due=300s
300s claimed   101 s1/1
300s started   101 s1/1
301s finished  101 s1/1
499s job_deactivated a
500s published 102 b due=500s
900s end
"""


@pytest.mark.parametrize("lines", [RECLAIMED_AFTER_ITS_RUN, RECLAIMED_WHILE_IT_RAN])
def test_a_message_that_has_ended_again_is_no_open_work(lines: str) -> None:
    history = "header lease=2s\n0s server_started s1 workers=1\n"
    history += "0s job_created a seconds=1 start_date=1s\n0s job_created b start_date=500s\n"
    for message in range(1, 101):
        begins = 2 * message
        history += lines.format(message=message, begins=begins, ends=begins + 1, later=begins + 2)
    history += BACKLOG
    assert [violation.rule for violation in judge(read_example(history))["WORK-4"].violations] == [
        "WORK-4"
    ]
