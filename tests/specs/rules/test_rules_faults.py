"""The rules of what goes wrong, at their borders: misfires, leaders and lost messages.

Right is what must not be blamed on anybody, wrong what must be blamed on one rule alone. What a
fault excuses stands beside the same without the fault, which is not excused.
"""

from typing import NamedTuple

import pytest

from gnomon.specs.notation.parser import read_example
from gnomon.specs.rules import judge


class Case(NamedTuple):
    """A history, and the rule that it is about."""

    rule: str
    text: str


RIGHT = {
    # --- MISS
    "missed by a microsecond": Case(
        "MISS-1",
        """
        0s      job_created  a seconds=60
        1s1us   coalesced    a due=0s into=60s
        60s     published    1 a coalesced=1
        """,
    ),
    "overtaken by a change within its grace": Case(
        "HIST-1",
        """
        0s   job_created  a seconds=60
        0s   skipped      a due=0s why=changed
        0s   job_edited   a seconds=30 start_date=30s
        30s  published    1 a
        """,
    ),
    "the policy is that of the definition in force": Case(
        "MISS-2",
        """
        0s    job_created  a seconds=60 misfire=all start_date=60s
        130s  published    1 a due=60s
        130s  published    2 a due=120s
        170s  job_edited   a misfire=skip
        190s  skipped      a due=180s
        250s  job_edited   a misfire=once
        500s  coalesced    a due=300s into=480s
        500s  coalesced    a due=360s into=480s
        500s  coalesced    a due=420s into=480s
        500s  published    3 a due=480s coalesced=3
        """,
    ),
    "decided within its grace, and a third of a lease and a journey on its way": Case(
        "MISS-2",
        """
        header lease=9s travel=5ms
        0s      job_created  a seconds=60 misfire=skip
        4s5ms   published    1 a due=0s
        """,
    ),
    "the latest misfire, and beside it what is within its grace": Case(
        "MISS-2",
        """
        0s     job_created  a seconds=1 start_date=1s
        9s5ms  coalesced    a due=1s into=7s
        9s5ms  coalesced    a due=2s into=7s
        9s5ms  coalesced    a due=3s into=7s
        9s5ms  coalesced    a due=4s into=7s
        9s5ms  coalesced    a due=5s into=7s
        9s5ms  coalesced    a due=6s into=7s
        9s5ms  published    1 a due=7s coalesced=6
        9s5ms  published    2 a due=8s
        9s5ms  published    3 a due=9s
        """,
    ),
    "two misfires of two jobs": Case(
        "MISS-2",
        """
        0s   job_created  a seconds=60
        0s   job_created  b seconds=60
        20s  published    1 a due=0s
        20s  published    2 b due=0s
        """,
    ),
    # --- LEAD
    "a lease that was acquired before the history begins": Case(
        "LEAD-1",
        """
        5s  lease_released  s1 epoch=7
        5s  lease_acquired  s2 epoch=8
        """,
    ),
    "a lease runs out when it has lasted": Case(
        "LEAD-1",
        """
        0s   lease_acquired  s1
        10s  lease_expired   s1
        10s  lease_acquired  s1
        """,
    ),
    "published at the instant at which the lease was handed over": Case(
        "LEAD-2",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        60s  published       2 a
        60s  lease_released  s1
        60s  lease_acquired  s2
        """,
    ),
    "a run on demand, while nobody leads": Case(
        "LEAD-2",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        5s   lease_released  s1
        6s   published       2 a on_demand=true epoch=1
        """,
    ),
    "a server that is back leads on in the same epoch": Case(
        "LEAD-3",
        """
        0s   server_started  s1 workers=0
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        50s  server_crashed  s1
        55s  server_started  s1 workers=0
        60s  published       2 a epoch=1
        99s  end
        """,
    ),
    "the first leader, as late as may be": Case(
        "LEAD-3",
        """
        header lease=9s travel=5ms
        5s      server_started  s1 workers=1
        8020ms  lease_acquired  s1
        """,
    ),
    "a leader after a crash, as late as may be": Case(
        "LEAD-3",
        """
        header lease=9s travel=5ms
        0s       server_started  s1 workers=1
        0s       server_started  s2 workers=1
        1s       lease_acquired  s1
        20s      server_crashed  s1
        32020ms  lease_expired   s1
        32020ms  lease_acquired  s2
        """,
    ),
    "nobody is there to lead": Case(
        "LEAD-1",
        """
        0s   server_started  s1 workers=1
        0s   lease_acquired  s1
        20s  server_crashed  s1
        40s  server_started  s2 workers=1
        43s  end
        """,
    ),
    "everybody is about to stop": Case(
        "LEAD-1",
        """
        0s   server_started   s1 workers=1
        0s   server_started   s2 workers=1
        0s   lease_acquired   s1
        20s  server_stopping  s2
        20s  server_crashed   s1
        90s  end
        """,
    ),
    "a campaign was on its way when the server was to stop": Case(
        "LEAD-3",
        """
        header travel=1s
        0s  server_started   s1 workers=1
        1s  server_stopping  s1
        2s  lease_acquired   s1
        4s  server_stopped   s1
        5s  lease_released   s1
        9s  end
        """,
    ),
    "due while nobody led, and the new leader still has time": Case(
        "LEAD-1",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        50s  lease_released  s1
        70s  lease_acquired  s2
        81s  end
        """,
    ),
    "due while nobody led, and the new leader is gone too soon": Case(
        "LEAD-1",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        50s  lease_released  s1
        70s  lease_acquired  s2
        81s  lease_released  s2
        82s  lease_acquired  s1
        93s  lease_released  s1
        99s  end
        """,
    ),
    "due while nobody led, and the leader is still catching up": Case(
        "LEAD-4",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=10 misfire=all
        0s   published       1 a
        5s   lease_released  s1
        35s  lease_acquired  s2
        40s  published       2 a due=10s
        45s  published       3 a due=20s
        56s  end
        """,
    ),
    # --- DLV
    "taken back from a server that is back, though nothing was noted of its end": Case(
        "DLV-2",
        """
        0s  server_started  s1 workers=1
        0s  job_created     a
        0s  published       1 a
        0s  claimed         1 s1/1
        0s  started         1 s1/1
        1s  finished        1 s1/1
        1s  server_crashed  s1
        2s  server_started  s1 workers=1
        2s  reclaimed       1 s1/1
        2s  claimed         1 s1/1 attempt=2
        2s  started         1 s1/1 attempt=2
        """,
    ),
    "taken back from a server that has not been there for long": Case(
        "DLV-2",
        """
        1us          server_started  s1 workers=1
        1us          job_created     a start_date=5s
        5s           published       1 a
        5s           claimed         1 s1/1
        5s           started         1 s1/1
        13s333333us  reclaimed       1 s1/1
        13s333333us  claimed         1 s2/1 attempt=2
        """,
    ),
    "taken back from a lost server as late as may be": Case(
        "DLV-2",
        """
        0s   server_started  s1 workers=1
        0s   server_started  s2 workers=0
        0s   job_created     a
        0s   published       1 a
        0s   claimed         1 s1/1
        0s   started         1 s1/1
        5s   server_crashed  s1
        25s  reclaimed       1 s1/1
        """,
    ),
    "nobody is there to take it back": Case(
        "DLV-1",
        """
        0s   server_started   s1 workers=1
        0s   server_started   s2 workers=1
        0s   job_created      a
        0s   published        1 a
        0s   claimed          1 s1/1
        0s   started          1 s1/1
        5s   server_crashed   s1
        9s   server_stopping  s2
        90s  server_stopped   s2
        """,
    ),
    "claimed at the last instant, and gone at the first": Case(
        "DLV-3",
        """
        header profile=classic
        0s   job_created  a
        0s   job_created  b
        0s   published    1 a
        0s   published    2 b
        15s  claimed      1 s1/1
        15s  expired      2
        """,
    ),
    "nobody is there to note that it is gone": Case(
        "DLV-3",
        """
        header profile=classic
        0s   server_started  s1 workers=1
        0s   job_created     a start_date=1s
        1s   server_stopped  s1
        1s   published       1 a
        90s  end
        """,
    ),
    "classic: lost with its server, and noted as late as may be": Case(
        "DLV-3",
        """
        header profile=classic
        0s   server_started  s1 workers=1
        0s   server_started  s2 workers=0
        0s   job_created     a
        0s   published       1 a
        0s   claimed         1 s1/1
        1s   server_crashed  s1
        21s  lost            1 s1/1
        90s  end
        """,
    ),
    "put aside before anybody claimed it": Case(
        "DLV-6",
        """
        0s  job_created    a
        0s  published      1 a
        0s  dead_lettered  1 why=garbled
        """,
    ),
    # --- faults
    "a disturbed server claims as soon as the fault is no longer felt": Case(
        "WORK-2",
        """
        0s          server_started  s1 workers=1
        0s          fault_began     pause_server s1
        1s          fault_ended     pause_server s1
        2s          job_created     a start_date=2s
        2s          published       1 a
        7s666666us  claimed         1 s1/1
        """,
    ),
    "a fault within a fault": Case(
        "WORK-2",
        """
        0s          server_started  s1 workers=1
        0s          fault_began     cut_server s1
        1s          fault_began     drift_clock s1
        2s          fault_ended     drift_clock s1
        5s          fault_ended     cut_server s1
        6s          job_created     a start_date=6s
        6s          published       1 a
        8s333333us  claimed         1 s1/1
        """,
    ),
    "a message that was taken back is load as well": Case(
        "DLV-2",
        """
        0s   server_started  s1 workers=1
        0s   server_started  s2 workers=1
        0s   job_created     a
        0s   job_created     b
        0s   job_created     c
        0s   published       1 a
        0s   published       2 b
        0s   claimed         1 s1/1
        0s   claimed         2 s2/1
        0s   started         1 s1/1
        0s   started         2 s2/1
        1s   finished        1 s1/1
        1s   published       3 c due=0s
        1s   claimed         3 s1/1
        1s   started         3 s1/1
        45s  server_crashed  s2
        55s  reclaimed       2 s2/1
        60s  end
        """,
    ),
}


WRONG = {
    # --- MISS
    "coalesced at the end of its grace": Case(
        "MISS-1",
        """
        0s   job_created  a seconds=60
        1s   coalesced    a due=0s into=60s
        60s  published    1 a coalesced=1
        """,
    ),
    "a misfire is skipped, and should have been published once": Case(
        "MISS-2",
        """
        0s   job_created  a seconds=60
        20s  skipped      a due=0s
        """,
    ),
    "a misfire is skipped, and all should have been published": Case(
        "MISS-2",
        """
        0s   job_created  a seconds=60 misfire=all
        20s  skipped      a due=0s
        """,
    ),
    "misfires are coalesced, and should have been skipped": Case(
        "MISS-2",
        """
        0s   job_created  a seconds=1 misfire=skip
        9s   coalesced    a due=0s into=1s
        9s   published    1 a due=1s coalesced=1
        """,
    ),
    "a microsecond longer on its way than a third of a lease and a journey": Case(
        "MISS-2",
        """
        header lease=9s travel=5ms
        0s        job_created  a seconds=60 misfire=skip
        4s5001us  published    1 a due=0s
        """,
    ),
    "each misfire is published, and one is coalesced as well": Case(
        "MISS-2",
        """
        0s    job_created  a seconds=60
        200s  published    1 a due=0s
        200s  coalesced    a due=60s into=120s
        200s  published    2 a due=120s coalesced=1
        200s  coalesced    a due=180s into=240s
        240s  published    3 a due=240s coalesced=1
        """,
    ),
    "folded into an occurrence that was not published": Case(
        "MISS-3",
        """
        0s    job_created  a seconds=60 start_date=60s
        130s  coalesced    a due=60s into=120s
        130s  skipped      a due=120s why=changed
        """,
    ),
    "folded into what was published after an edit": Case(
        "MISS-3",
        """
        0s    job_created  a seconds=60 start_date=60s
        130s  coalesced    a due=60s into=180s
        150s  job_edited   a name=b
        180s  published    1 a
        """,
    ),
    "coalesced after a later occurrence": Case(
        "MISS-3",
        """
        0s    job_created  a seconds=60
        130s  coalesced    a due=60s into=120s
        130s  coalesced    a due=0s into=120s
        130s  published    1 a due=120s coalesced=2
        """,
    ),
    "an occurrence was folded in, and the message does not say so": Case(
        "MISS-3",
        """
        0s    job_created  a seconds=60
        130s  coalesced    a due=0s into=60s
        130s  published    1 a due=60s
        """,
    ),
    # --- LEAD
    "a lease is granted in an epoch that has been": Case(
        "LEAD-1",
        """
        0s  lease_acquired  s1 epoch=4
        5s  lease_released  s1 epoch=4
        5s  lease_acquired  s1 epoch=4
        """,
    ),
    "a lease is handed over by somebody else": Case(
        "LEAD-1",
        """
        0s  lease_acquired  s1
        5s  lease_released  s2
        """,
    ),
    "a lease runs out twice": Case(
        "LEAD-1",
        """
        0s   lease_acquired  s1
        10s  lease_expired   s1
        12s  lease_expired   s1
        """,
    ),
    "a lease runs out a microsecond before it has lasted": Case(
        "LEAD-1",
        """
        1us  lease_acquired  s1
        10s  lease_expired   s1
        """,
    ),
    "published before anybody held the lease": Case(
        "LEAD-2",
        """
        0s  job_created     a seconds=60
        0s  published       1 a
        0s  lease_acquired  s1
        """,
    ),
    "published in the epoch before": Case(
        "LEAD-2",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        5s   lease_released  s1
        5s   lease_acquired  s1
        60s  published       2 a epoch=1
        """,
    ),
    "the first leader, a microsecond too late": Case(
        "LEAD-3",
        """
        header lease=9s travel=5ms
        5s        server_started  s1 workers=1
        8020001us  lease_acquired  s1
        """,
    ),
    "a leader after a crash, a microsecond too late": Case(
        "LEAD-3",
        """
        header lease=9s travel=5ms
        0s          server_started  s1 workers=1
        0s          server_started  s2 workers=1
        1s          lease_acquired  s1
        20s         server_crashed  s1
        32020001us  lease_expired   s1
        32020001us  lease_acquired  s2
        """,
    ),
    "a lease was handed over, and nobody takes it": Case(
        "LEAD-3",
        """
        0s  server_started   s1 workers=1
        0s  server_started   s2 workers=1
        0s  lease_acquired   s1
        5s  server_stopping  s1
        5s  lease_released   s1
        9s  end
        """,
    ),
    "a server comes up, and does not lead": Case(
        "LEAD-3",
        """
        0s   server_started  s1 workers=1
        0s   lease_acquired  s1
        20s  server_crashed  s1
        40s  server_started  s2 workers=1
        44s  end
        """,
    ),
    "a leader stops and leads on while its last run takes": Case(
        "LEAD-3",
        """
        header travel=1s
        0s  server_started   s1 workers=1
        0s  lease_acquired   s1
        1s  server_stopping  s1
        6s  lease_released   s1
        9s  server_stopped   s1
        """,
    ),
    "due while nobody led, and the new leader has had a microsecond too much": Case(
        "LEAD-4",
        """
        0s      lease_acquired  s1
        0s      job_created     a seconds=60
        0s      published       1 a
        50s     lease_released  s1
        70s     lease_acquired  s2
        81s1us  end
        """,
    ),
    "due while the leader had crashed, and it leads again": Case(
        "LEAD-4",
        """
        0s   server_started  s1 workers=0
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        55s  server_crashed  s1
        62s  server_started  s1 workers=0
        99s  end
        """,
    ),
    "due while nobody led, and the leader has ceased to catch up": Case(
        "LEAD-4",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=30 misfire=all
        0s   published       1 a
        25s  lease_released  s1
        65s  lease_acquired  s2
        66s  published       2 a due=30s
        80s  end
        """,
    ),
    # --- DLV
    "taken back from a server that has been there for long enough": Case(
        "DLV-2",
        """
        0s           server_started  s1 workers=1
        0s           job_created     a
        0s           published       1 a
        0s           claimed         1 s1/1
        0s           started         1 s1/1
        13s333333us  reclaimed       1 s1/1
        """,
    ),
    "taken back, and the attempt is not counted": Case(
        "DLV-2",
        """
        0s   job_created  a
        0s   published    1 a
        0s   claimed      1 s1/1
        0s   started      1 s1/1
        10s  reclaimed    1 s1/1
        10s  claimed      1 s2/1 attempt=1
        """,
    ),
    "taken back and passed over for good": Case(
        "DLV-2",
        """
        0s   job_created  a
        0s   job_created  b start_date=20s
        0s   published    1 a
        0s   claimed      1 s1/1
        0s   started      1 s1/1
        10s  reclaimed    1 s1/1
        20s  published    2 b
        20s  claimed      2 s2/1
        """,
    ),
    "taken back from a lost server a microsecond too late": Case(
        "DLV-2",
        """
        0s      server_started  s1 workers=1
        0s      server_started  s2 workers=0
        0s      job_created     a
        0s      published       1 a
        0s      claimed         1 s1/1
        0s      started         1 s1/1
        5s      server_crashed  s1
        25s1us  reclaimed       1 s1/1
        """,
    ),
    "classic: taken back": Case(
        "DLV-1",
        """
        header profile=classic
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        9s  reclaimed    1 s1/1
        """,
    ),
    "classic: claimed twice": Case(
        "DLV-1",
        """
        header profile=classic
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  finished     1 s1/1
        2s  claimed      1 s2/1
        """,
    ),
    "classic: claimed a microsecond too late": Case(
        "DLV-3",
        """
        header profile=classic
        0s      job_created  a
        0s      published    1 a
        15s1us  claimed      1 s1/1
        """,
    ),
    "classic: gone a microsecond too early": Case(
        "DLV-3",
        """
        header profile=classic
        1us  job_created  a
        1us  published    1 a due=0s
        15s  expired      1
        """,
    ),
    "classic: claimed when it was gone": Case(
        "DLV-3",
        """
        header profile=classic
        0s   job_created  a
        0s   published    1 a
        15s  expired      1
        15s  claimed      1 s1/1
        """,
    ),
    "classic: a server is there, and does not note that it is gone": Case(
        "DLV-3",
        """
        header profile=classic
        0s   server_started  s1 workers=0
        0s   job_created     a
        1s   published       1 a due=0s
        30s  end
        """,
    ),
    "classic: lost with its server, and not noted in time": Case(
        "DLV-3",
        """
        header profile=classic
        0s      server_started  s1 workers=1
        0s      server_started  s2 workers=0
        0s      job_created     a
        0s      published       1 a
        0s      claimed         1 s1/1
        1s      server_crashed  s1
        21s1us  lost            1 s1/1
        """,
    ),
    "classic: lost with a server that is there": Case(
        "DLV-3",
        """
        header profile=classic
        0s           server_started  s1 workers=1
        0s           job_created     a
        0s           published       1 a
        0s           claimed         1 s1/1
        0s           started         1 s1/1
        13s333333us  lost            1 s1/1
        """,
    ),
    "durable: lost with its server": Case(
        "DLV-3",
        """
        0s   server_started  s1 workers=1
        0s   job_created     a
        0s   published       1 a
        0s   claimed         1 s1/1
        0s   started         1 s1/1
        5s   server_crashed  s1
        15s  lost            1 s1/1
        """,
    ),
    "classic: claimed again after it was lost": Case(
        "DLV-1",
        """
        header profile=classic
        0s   server_started  s1 workers=1
        0s   job_created     a
        0s   published       1 a
        0s   claimed         1 s1/1
        5s   server_crashed  s1
        15s  lost            1 s1/1
        15s  claimed         1 s2/1
        """,
    ),
    "put aside without a reason": Case(
        "DLV-6",
        """
        0s  job_created    a
        0s  published      1 a
        0s  dead_lettered  1 why=" "
        """,
    ),
    "put aside and handed out again": Case(
        "DLV-6",
        """
        0s  job_created    a
        0s  published      1 a
        0s  claimed        1 s1/1
        0s  dead_lettered  1 why=garbled
        1s  claimed        1 s1/1 attempt=2
        """,
    ),
    # --- faults
    "a disturbed server claims a microsecond after the fault is no longer felt": Case(
        "WORK-2",
        """
        0s          server_started  s1 workers=1
        0s          fault_began     pause_server s1
        1s          fault_ended     pause_server s1
        2s          job_created     a start_date=2s
        2s          published       1 a
        7s666667us  claimed         1 s1/1
        """,
    ),
    "another server is disturbed": Case(
        "WORK-2",
        """
        0s  server_started  s1 workers=1
        0s  fault_began     pause_server s2
        2s  job_created     a start_date=2s
        2s  published       1 a
        5s  claimed         1 s1/1
        """,
    ),
    "nobody led for a fault, and it has been over for long": Case(
        "LEAD-4",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        55s  fault_began     pause_server s1
        65s  fault_ended     pause_server s1
        90s  end
        """,
    ),
    "the store is out of reach, and an occurrence is published twice": Case(
        "PUB-1",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60 start_date=60s
        60s  fault_began     stop_store store
        60s  published       1 a
        61s  fault_ended     stop_store store
        61s  published       2 a due=60s
        """,
    ),
    "a clock is wrong, and an occurrence is published too early": Case(
        "FIRE-6",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60 start_date=60s
        50s  fault_began     step_clock s1
        50s  fault_ended     step_clock s1
        55s  published       1 a due=60s
        """,
    ),
    "a fault that had not begun": Case("HIST-1", "1s fault_ended stop_store store"),
}


EXCUSED = {
    "nothing came of it, because the leader stood still": Case(
        "FIRE-2",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        58s  fault_began     pause_server s1
        75s  fault_ended     pause_server s1
        89s  end
        """,
    ),
    "nothing came of it, because the store was out of reach": Case(
        "FIRE-4",
        """
        0s   lease_acquired  s1
        0s   job_created     a cron_definition="* * * * *"
        0s   published       1 a
        61s  fault_began     stop_store store
        70s  fault_ended     stop_store store
        84s  end
        """,
    ),
    "nobody leads, because who could is cut off": Case(
        "LEAD-3",
        """
        0s   server_started   s1 workers=1
        0s   server_started   s2 workers=1
        0s   lease_acquired   s1
        4s   fault_began      cut_server s2
        5s   server_stopping  s1
        5s   lease_released   s1
        9s   fault_ended      cut_server s2
        15s  end
        """,
    ),
    "nobody leads, because the store is out of reach": Case(
        "LEAD-3",
        """
        0s   server_started   s1 workers=1
        0s   server_started   s2 workers=1
        0s   lease_acquired   s1
        4s   fault_began      stop_store store
        5s   server_crashed   s1
        25s  fault_ended      stop_store store
        30s  end
        """,
    ),
    "a leader stops and cannot say so": Case(
        "LEAD-3",
        """
        0s  server_started   s1 workers=1
        0s  lease_acquired   s1
        0s  fault_began      disturb_server s1
        1s  server_stopping  s1
        3s  fault_ended      disturb_server s1
        9s  lease_released   s1
        9s  server_stopped   s1
        """,
    ),
    "due while nobody led, and then the leader stood still": Case(
        "LEAD-4",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        50s  lease_released  s1
        70s  lease_acquired  s2
        72s  fault_began     pause_server s2
        80s  fault_ended     pause_server s2
        90s  end
        """,
    ),
    "a worker of the leader stands aside, because its server is cut off": Case(
        "LEAD-5",
        """
        0s  server_started  s1 workers=2
        0s  lease_acquired  s1
        0s  job_created     a seconds=2
        0s  published       1 a
        0s  claimed         1 s1/2
        0s  started         1 s1/2
        1s  fault_began     cut_server s1
        2s  published       2 a
        3s  fault_ended     cut_server s1
        3s  finished        1 s1/2
        3s  claimed         2 s1/2
        """,
    ),
    "taken back from a server that was cut off": Case(
        "DLV-2",
        """
        0s   server_started  s1 workers=1
        0s   job_created     a
        0s   published       1 a
        0s   claimed         1 s1/1
        0s   started         1 s1/1
        15s  fault_began     cut_server s1
        25s  fault_ended     cut_server s1
        25s  reclaimed       1 s1/1
        """,
    ),
    "not taken back, because who could was cut off": Case(
        "DLV-2",
        """
        0s   server_started  s1 workers=1
        0s   server_started  s2 workers=0
        0s   job_created     a
        0s   published       1 a
        0s   claimed         1 s1/1
        0s   started         1 s1/1
        5s   server_crashed  s1
        10s  fault_began     cut_server s2
        20s  fault_ended     cut_server s2
        60s  end
        """,
    ),
    "classic: lost with a server that was cut off": Case(
        "DLV-3",
        """
        header profile=classic
        0s   server_started  s1 workers=1
        0s   job_created     a
        0s   published       1 a
        0s   claimed         1 s1/1
        0s   started         1 s1/1
        15s  fault_began     cut_server s1
        25s  fault_ended     cut_server s1
        25s  lost            1 s1/1
        """,
    ),
    "nobody notes that it is gone, because who could stood still": Case(
        "DLV-3",
        """
        header profile=classic
        0s   server_started  s1 workers=0
        0s   job_created     a
        0s   published       1 a
        14s  fault_began     pause_server s1
        40s  fault_ended     pause_server s1
        42s  end
        """,
    ),
    "a server never claims, because it is cut off": Case(
        "DLV-4",
        """
        0s  server_started  s1 workers=1
        0s  server_started  s2 workers=1
        0s  fault_began     cut_server s2
        0s  job_created     a seconds=2
        0s  published       1 a
        0s  claimed         1 s1/1
        0s  started         1 s1/1
        2s  published       2 a
        3s  finished        1 s1/1
        3s  claimed         2 s1/1
        """,
    ),
    "a worker does not go on, because its server stands still": Case(
        "DLV-6",
        """
        0s  server_started  s1 workers=1
        0s  job_created     a
        0s  job_created     b
        0s  published       1 a
        0s  published       2 b
        0s  claimed         1 s1/1
        0s  dead_lettered   1 why=garbled
        0s  fault_began     pause_server s1
        9s  end
        """,
    ),
    "the way to the worker is lost": Case(
        "OVER-1",
        """
        0s  job_created  a
        0s  published    1 a
        0s  fault_began  disturb_server s1
        0s  claimed      1 s1/1
        2s  fault_ended  disturb_server s1
        4s  started      1 s1/1
        """,
    ),
    "a claimed message never reaches the worker": Case(
        "OVER-1",
        """
        0s   job_created  a
        0s   published    1 a
        0s   claimed      1 s1/1
        0s   fault_began  cut_server s1
        20s  end
        """,
    ),
    "a worker is free, and its clock is wrong": Case(
        "OVER-2",
        """
        0s  server_started  s1 workers=2
        0s  job_created     a seconds=2
        0s  published       1 a
        0s  claimed         1 s1/1
        0s  started         1 s1/1
        2s  fault_began     step_clock s1
        2s  fault_ended     step_clock s1
        2s  published       2 a
        5s  finished        1 s1/1
        5s  claimed         2 s1/1
        """,
    ),
    "a worker is free, and the store out of reach": Case(
        "WORK-2",
        """
        0s  server_started  s1 workers=1
        0s  job_created     a start_date=2s
        1s  fault_began     stop_store store
        2s  fault_ended     stop_store store
        2s  published       1 a
        5s  claimed         1 s1/1
        """,
    ),
    "a run is overtaken, because its server stood still": Case(
        "WORK-3",
        """
        header travel=5ms
        0s   job_created  a
        0s   job_created  b
        0s   published    1 a
        0s   published    2 b
        0s   claimed      1 s1/1
        0s   claimed      2 s1/2
        0s   fault_began  pause_server s1
        1ms  started      2 s1/2
        2ms  fault_ended  pause_server s1
        3ms  started      1 s1/1
        """,
    ),
    "the backlog does not drain, because a server stands still": Case(
        "WORK-4",
        """
        0s   server_started  s1 workers=1
        0s   job_created     a seconds=1 repeats=9
        0s   published       1 a
        0s   claimed         1 s1/1
        0s   started         1 s1/1
        1s   finished        1 s1/1
        1s   published       2 a
        1s   claimed         2 s1/1
        1s   started         2 s1/1
        2s   published       3 a
        40s  fault_began     pause_server s1
        50s  fault_ended     pause_server s1
        1m   end
        """,
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_just_right_holds(name: str) -> None:
    findings = judge(read_example(RIGHT[name].text))
    assert not {id: f for id, f in findings.items() if f.violations}
    assert findings[RIGHT[name].rule].verdict == "holds"


@pytest.mark.parametrize("name", WRONG)
def test_what_is_just_wrong_is_broken(name: str) -> None:
    findings = judge(read_example(WRONG[name].text))
    broken = {id: finding for id, finding in findings.items() if finding.violations}
    assert broken.keys() == {WRONG[name].rule}, broken
    assert all(finding.examined >= 1 for finding in broken.values())


@pytest.mark.parametrize("name", EXCUSED)
def test_a_fault_excuses_what_it_costs_and_nothing_else_does(name: str) -> None:
    with_fault = EXCUSED[name].text
    without = "\n".join(line for line in with_fault.splitlines() if " fault_" not in line)
    assert _broken(with_fault) == set()
    assert _broken(without) == {EXCUSED[name].rule}


def _broken(text: str) -> set[str]:
    return {id for id, finding in judge(read_example(text)).items() if finding.violations}


def test_a_run_that_took_no_time_does_not_say_how_long_the_next_one_takes() -> None:
    findings = judge(
        read_example(
            """
            0s  server_started  s1 workers=1
            0s  job_created     a
            0s  job_created     b
            0s  job_created     c
            0s  published       1 a
            0s  published       2 b
            0s  published       3 c
            0s  claimed         1 s1/1
            0s  started         1 s1/1
            0s  finished        1 s1/1
            0s  claimed         2 s1/1
            0s  started         2 s1/1
            1s  end
            """
        )
    )
    assert findings["WORK-4"].verdict == "not exercised"
