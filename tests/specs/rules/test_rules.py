"""The rules at their borders: what is just right and must hold, what is just wrong and must not.

The examples in ``scheduler.md`` show what each rule is about; these show where its line is drawn.
"""

import io
from typing import NamedTuple

import pytest

from gnomon.reference import history
from gnomon.reference.schedule.clock import HOUR
from gnomon.specs.notation.parser import ORIGIN, damage, read_example
from gnomon.specs.rules import RULES, Verdict, judge
from gnomon.specs.trace.trace import Trace


class Case(NamedTuple):
    """A history, and the rule that it is about."""

    rule: str
    text: str


RIGHT = {
    # --- JOB
    "two jobs swap their names": Case(
        "JOB-1",
        """
        0s  job_created  a name=x start_date=1h
        0s  job_created  b name=y start_date=1h
        1s  job_edited   a name=z
        1s  job_edited   b name=x
        1s  job_edited   a name=y
        """,
    ),
    "a name is free at the instant at which its job was deleted": Case(
        "JOB-1",
        """
        0s  job_created  a name=x start_date=1h
        1s  job_deleted  a
        1s  job_created  b name=x start_date=1h
        """,
    ),
    "a job is deleted and created again under the same id and name": Case(
        "JOB-1",
        """
        0s  job_created  a name=x start_date=1h
        1s  job_edited   a start_date=2h
        2s  job_deleted  a
        2s  job_created  a name=x start_date=1h
        3s  job_edited   a start_date=2h
        """,
    ),
    "a name of 200 characters": Case("JOB-1", f"0s job_created a name={'ψ' * 200} start_date=1h"),
    "extra data of 500,000 bytes": Case("JOB-1", f"0s job_created a extra={'ψ' * 250_000}"),
    "a job created again may have another type": Case(
        "JOB-2",
        """
        0s  job_created  a seconds=60 start_date=1h
        1s  job_deleted  a
        1s  job_created  a cron_definition=@daily
        """,
    ),
    "what was rejected is accepted once the name is free": Case(
        "JOB-5",
        """
        0s  job_created   a name=x start_date=1h
        1s  job_rejected  b name=x start_date=1h faults="name: there is a job named x already"
        1s  job_deleted   a
        1s  job_created   b name=x start_date=1h
        """,
    ),
    "one instant in several spellings": Case(
        "JOB-6", "0s job_created a start_date=2026-01-01T02:00:00+01:00 grace=1000ms"
    ),
    # --- FIRE-1
    "a one-time job of the past is published late": Case(
        "FIRE-1",
        """
        5m  job_created      launch start_date=1m
        7m  published        1 launch due=1m
        7m  job_deactivated  launch
        """,
    ),
    "a one-time job of the past is skipped": Case(
        "FIRE-1",
        """
        5m  job_created  launch start_date=1m misfire=skip
        5m  skipped      launch due=1m
        """,
    ),
    "a one-time job is put off and is due once more": Case(
        "FIRE-1",
        """
        0s   job_created      launch start_date=10s
        10s  published        1 launch
        10s  job_deactivated  launch
        20s  job_edited       launch start_date=30s is_active=true
        30s  published        2 launch
        """,
    ),
    "a one-time job whose time passed while it was inactive is not due": Case(
        "FIRE-7",
        """
        0s   lease_acquired   s1
        0s   job_created      launch start_date=10s
        5s   job_deactivated  launch
        20s  job_activated    launch
        60s  end
        """,
    ),
    # --- FIRE-2, and what is left without an outcome
    "nothing came of it yet, and the time for it is just over when the history ends": Case(
        "FIRE-2",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        71s  end
        """,
    ),
    "nothing came of it, and just in time the job was edited": Case(
        "FIRE-2",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        71s  job_edited      a seconds=600
        90s  end
        """,
    ),
    "nothing came of it, and the leader changed in between": Case(
        "FIRE-2",
        """
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        65s  lease_released  s1
        65s  lease_acquired  s2
        75s  end
        """,
    ),
    "nothing came of it, because the leader crashed": Case(
        "FIRE-2",
        """
        0s   server_started  s1 workers=0
        0s   lease_acquired  s1
        0s   job_created     a seconds=60
        0s   published       1 a
        65s  server_crashed  s1
        75s  lease_expired   s1
        75s  end
        """,
    ),
    "several jobs are due at one instant": Case(
        "FIRE-2",
        """
        0s   job_created  a seconds=30
        0s   job_created  b seconds=60
        0s   job_created  c seconds=20 start_date=20s
        0s   published    1 b
        0s   published    2 a
        20s  published    3 c
        30s  published    4 a
        40s  published    5 c
        60s  published    6 c
        60s  published    7 a
        60s  published    8 b
        """,
    ),
    "the grid lies where start_date says, years ago": Case(
        "FIRE-2",
        """
        10s  job_created  a weeks=1 start_date=2019-12-26T00:00:11Z
        11s  published    1 a
        """,
    ),
    # --- FIRE-3
    "repeats are raised when they have been used up": Case(
        "FIRE-3",
        """
        0s   job_created      a seconds=60 repeats=1
        0s   published        1 a
        0s   job_deactivated  a
        10s  job_edited       a repeats=2
        20s  job_activated    a
        60s  published        2 a
        60s  job_deactivated  a
        """,
    ),
    "repeats are lowered to what has been published": Case(
        "FIRE-3",
        """
        0s   lease_acquired   s1
        0s   job_created      a seconds=60 repeats=3
        0s   published        1 a
        60s  published        2 a
        70s  job_edited       a repeats=2
        70s  job_deactivated  a
        5m   end
        """,
    ),
    "the last occurrence, and then the job is deleted": Case(
        "FIRE-3",
        """
        0s  job_created  a seconds=60 repeats=1
        0s  published    1 a
        0s  job_deleted  a
        """,
    ),
    "a job created again begins to count from zero": Case(
        "FIRE-3",
        """
        0s   job_created      a seconds=60 repeats=1
        0s   published        1 a
        0s   job_deactivated  a
        5s   job_deleted      a
        5s   job_created      a seconds=60 repeats=1
        60s  published        2 a
        60s  job_deactivated  a
        """,
    ),
    "what is coalesced or skipped does not count": Case(
        "FIRE-3",
        """
        0s    job_created      a seconds=60 repeats=2
        0s    published        1 a
        150s  coalesced        a due=60s into=120s
        150s  published        2 a due=120s coalesced=1
        150s  job_deactivated  a
        """,
    ),
    # --- FIRE-4, FIRE-5
    "Sunday is 0 and 7": Case(
        "FIRE-4",
        """
        0s  job_created  a cron_definition="0 0 * * 7"
        0s  job_created  b cron_definition="0 0 * * SUN"
        3d  published    1 a
        3d  published    2 b
        """,
    ),
    "Warsaw, gap: two of three are left out and one is there, all due at once": Case(
        "FIRE-5",
        """
        87d     job_created  a cron_definition="0,30 2,3 * * *" timezone=Europe/Warsaw \
start_date=87d
        87d1h   published    1 a
        87d90m  published    2 a
        """,
    ),
    "Warsaw, gap: real time goes on": Case(
        "FIRE-5",
        """
        87d     job_created  a cron_definition="*/30 * * * *" timezone=Europe/Warsaw start_date=87d
        87d     published    1 a
        87d30m  published    2 a
        87d1h   published    3 a
        87d90m  published    4 a
        """,
    ),
    "Warsaw, fold: the first of two": Case(
        "FIRE-5",
        """
        297d     job_created  a cron_definition="0 2,3 * * *" timezone=Europe/Warsaw start_date=297d
        297d     published    1 a
        297d2h   published    2 a
        298d1h   published    3 a
        """,
    ),
    "Lord Howe, gap of half an hour": Case(
        "FIRE-5",
        """
        275d        job_created  a cron_definition="15 2 * * *" timezone=Australia/Lord_Howe \
start_date=275d
        275d15h30m  published    1 a
        276d15h15m  published    2 a
        """,
    ),
    "Lord Howe, gap: what it leaves out is due with what stands at its end": Case(
        "FIRE-5",
        """
        275d        job_created  a cron_definition="0,15,30 2 * * *" timezone=Australia/Lord_Howe \
start_date=275d
        275d15h30m  published    1 a
        276d15h     published    2 a
        """,
    ),
    "Lord Howe, fold of half an hour: the first of two": Case(
        "FIRE-5",
        """
        93d         job_created  a cron_definition="45 1 * * *" timezone=Australia/Lord_Howe \
start_date=93d
        93d14h45m   published    1 a
        94d15h15m   published    2 a
        """,
    ),
    "Lord Howe, fold: real time goes on": Case(
        "FIRE-5",
        """
        93d14h30m  job_created  a cron_definition="*/15 * * * *" timezone=Australia/Lord_Howe \
start_date=93d14h30m
        93d14h30m  published    1 a
        93d14h45m  published    2 a
        93d15h     published    3 a
        93d15h15m  published    4 a
        93d15h30m  published    5 a
        """,
    ),
    # --- FIRE-7 to FIRE-11
    "published at the instant of the deactivation, before it": Case(
        "FIRE-7",
        """
        0s   job_created      a seconds=60 start_date=60s
        60s  published        1 a
        60s  job_deactivated  a
        """,
    ),
    "what was due and not yet published is not made up after a deactivation": Case(
        "FIRE-7",
        """
        0s    lease_acquired   s1
        0s    job_created      a seconds=60 start_date=60s
        61s   job_deactivated  a
        300s  end
        """,
    ),
    "published at the instant of the edit, before it": Case(
        "FIRE-8",
        """
        0s   job_created  a seconds=60 start_date=60s
        60s  published    1 a
        60s  job_edited   a seconds=30 name=b
        90s  published    2 a
        """,
    ),
    "published at the instant of the edit, after it": Case(
        "FIRE-8",
        """
        0s   job_created  a seconds=60 start_date=60s
        60s  job_edited   a seconds=30 name=b
        60s  published    1 a
        90s  published    2 a
        """,
    ),
    "what was due and not yet published is not made up after an edit": Case(
        "FIRE-8",
        """
        0s    job_created  a seconds=60 start_date=60s
        61s   job_edited   a name=b
        120s  published    1 a
        """,
    ),
    "two edits at one instant": Case(
        "FIRE-8",
        """
        0s   job_created  a seconds=60
        0s   published    1 a
        30s  job_edited   a seconds=30
        30s  job_edited   a seconds=10
        30s  published    2 a
        """,
    ),
    "a one-time job is renamed after its time, and still late": Case(
        "FIRE-8",
        """
        0s   job_created  launch start_date=10s
        12s  job_edited   launch name=start
        13s  published    1 launch due=10s
        """,
    ),
    "a rename does not reach what was published before": Case(
        "FIRE-8",
        """
        0s  job_created  a seconds=60 extra=old
        0s  published    1 a
        1s  job_edited   a name=b extra=new
        2s  claimed      1 s1/1
        2s  started      1 s1/1
        3s  invoked      1 s1/1
        3s  finished     1 s1/1
        60s  published    2 a
        """,
    ),
    "due at the instant of the activation": Case(
        "FIRE-9",
        """
        0s    job_created    a seconds=60 is_active=false
        120s  job_activated  a
        120s  published      1 a
        """,
    ),
    "switched off and on again between two occurrences": Case(
        "FIRE-9",
        """
        0s   job_created      a seconds=60
        0s   published        1 a
        0s   job_deactivated  a
        0s   job_activated    a
        60s  published        2 a
        """,
    ),
    "due at the instant of the creation": Case(
        "FIRE-10",
        """
        120s  job_created  a seconds=60 start_date=0s
        120s  published    1 a
        """,
    ),
    "an inactive job is run on demand": Case(
        "FIRE-11",
        """
        0s  job_created  a seconds=60 is_active=false
        9s  published    1 a on_demand=true
        """,
    ),
    "on demand at the instant of an occurrence": Case(
        "FIRE-11",
        """
        0s   job_created  a seconds=60
        0s   published    1 a on_demand=true
        0s   published    2 a
        0s   published    3 a on_demand=true
        """,
    ),
    # --- PUB
    "a job created again is due at an instant that the one before has had": Case(
        "PUB-1",
        """
        60s  job_created  a seconds=60
        60s  published    1 a
        60s  job_deleted  a
        60s  job_created  a seconds=30 service=other extra=new
        60s  published    2 a
        """,
    ),
    "a message of a job that was deleted and created again is run": Case(
        "PUB-2",
        """
        0s  job_created  a seconds=60 extra=old
        0s  published    1 a
        1s  job_deleted  a
        1s  job_created  a seconds=60 extra=new
        2s  claimed      1 s1/1
        2s  started      1 s1/1
        3s  invoked      1 s1/1
        """,
    ),
    "a payload too long to be shown": Case(
        "PUB-2",
        f"""
        0s  job_created  a seconds=60 extra={"ψ" * 257}
        0s  published    1 a
        """,
    ),
    "a run on demand takes no leader": Case(
        "PUB-2",
        """
        0s  job_created  a start_date=1h
        9s  published    1 a on_demand=true epoch=0
        """,
    ),
    # --- DLV, RUN
    "taken back, and the first run ends before the second begins": Case(
        "DLV-1",
        """
        0s   job_created  a
        0s   published    1 a
        0s   claimed      1 s1/1
        0s   started      1 s1/1
        10s  reclaimed    1 s1/1
        11s  finished     1 s1/1
        12s  claimed      1 s2/1 attempt=2
        12s  started      1 s2/1 attempt=2
        13s  finished     1 s2/1 ok attempt=2
        """,
    ),
    "taken back, and the first run begins and ends during the second": Case(
        "HIST-1",
        """
        0s   job_created  a
        0s   published    1 a
        0s   claimed      1 s1/1
        10s  reclaimed    1 s1/1
        10s  claimed      1 s2/1 attempt=2
        10s  started      1 s2/1 attempt=2
        11s  started      1 s1/1
        12s  finished     1 s1/1
        13s  finished     1 s2/1 ok attempt=2
        """,
    ),
    "run to its end, but its server died before that was noted": Case(
        "HIST-1",
        """
        0s   server_started  s1 workers=1
        0s   job_created     a
        0s   published       1 a
        0s   claimed         1 s1/1
        0s   started         1 s1/1
        1s   finished        1 s1/1 failed error=boom
        1s   server_crashed  s1
        11s  reclaimed       1 s1/1
        12s  claimed         1 s2/1 attempt=2
        12s  started         1 s2/1 attempt=2
        """,
    ),
    "a server that does not claim, and nothing waits for longer than two journeys": Case(
        "DLV-4",
        """
        header travel=1s
        0s  server_started  s1 workers=1
        0s  server_started  s2 workers=1
        0s  job_created     a seconds=1
        0s  published       1 a
        1s  claimed         1 s1/1
        1s  started         1 s1/1
        1s  published       2 a
        3s  finished        1 s1/1
        3s  claimed         2 s1/1
        """,
    ),
    "a worker claims at the instant at which its run ends": Case(
        "RUN-1",
        """
        0s  job_created  a seconds=1
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  published    2 a
        1s  finished     1 s1/1
        1s  claimed      2 s1/1
        """,
    ),
    "a server that crashed comes back, and its workers are free": Case(
        "RUN-1",
        """
        0s   server_started  s1 workers=1
        0s   job_created     a seconds=20
        0s   published       1 a
        0s   claimed         1 s1/1
        0s   started         1 s1/1
        5s   server_crashed  s1
        6s   server_started  s1 workers=1
        20s  published       2 a
        20s  claimed         2 s1/1
        20s  started         2 s1/1
        """,
    ),
    "a server comes back with more workers, without what it ran": Case(
        "RUN-2",
        """
        0s   server_started  s1 workers=1
        0s   job_created     a seconds=10
        0s   published       1 a
        0s   claimed         1 s1/1
        0s   started         1 s1/1
        5s   server_crashed  s1
        6s   server_started  s1 workers=2
        10s  published       2 a
        10s  claimed         2 s1/1
        10s  started         2 s1/1
        20s  published       3 a
        20s  claimed         3 s1/2
        20s  started         3 s1/2
        """,
    ),
    "runs that take no time": Case(
        "RUN-2",
        """
        0s  server_started  s1 workers=1
        0s  job_created     a
        0s  job_created     b
        0s  published       1 a
        0s  published       2 b
        0s  claimed         1 s1/1
        0s  started         1 s1/1
        0s  finished        1 s1/1
        0s  claimed         2 s1/1
        0s  started         2 s1/1
        0s  finished        2 s1/1
        """,
    ),
    "no extra data is no payload": Case(
        "RUN-4",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 payload=null
        """,
    ),
    "every hook raises": Case(
        "RUN-6",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 raised=before_job,before_one_time_job,before_handle,after_handle
        1s  finished     1 s1/1 ok
        """,
    ),
    "a hook raises, and handle too": Case(
        "RUN-7",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 raised=before_job,handle defines=before_job,handle,after_job \
calls=before_job,handle
        1s  finished     1 s1/1 failed error=boom
        """,
    ),
    "a service is there after a restart": Case(
        "RUN-8",
        """
        0s   server_started  s1 workers=1 services=other
        0s   job_created     a seconds=10
        0s   published       1 a
        0s   claimed         1 s1/1
        0s   started         1 s1/1
        0s   finished        1 s1/1 failed error="no report here"
        5s   server_stopped  s1
        6s   server_started  s1 workers=1 services=other,report
        10s  published       2 a
        10s  claimed         2 s1/1
        10s  started         2 s1/1
        11s  finished        2 s1/1
        """,
    ),
    # --- OVER, WORK
    "the way to the worker takes as long as it may": Case(
        "OVER-1",
        """
        header travel=5ms
        0s   job_created  a
        0s   published    1 a
        0s   claimed      1 s1/1
        5ms  started      1 s1/1
        """,
    ),
    "claimed a lease ago, and not started yet": Case(
        "DLV-1",
        """
        0s   job_created  a
        0s   published    1 a
        0s   claimed      1 s1/1
        10s  end
        """,
    ),
    "claimed, not started, and lost with its server": Case(
        "RUN-1",
        """
        0s   server_started  s1 workers=1
        0s   job_created     a
        0s   published       1 a
        0s   claimed         1 s1/1
        1s   server_crashed  s1
        90s  end
        """,
    ),
    "the way to the store takes as long as it may": Case(
        "WORK-2",
        """
        header travel=5ms
        0s        server_started  s1 workers=1
        0s        job_created     a seconds=1
        0s        published       1 a
        5ms       claimed         1 s1/1
        5ms       started         1 s1/1
        1500ms    finished        1 s1/1
        1s        published       2 a
        1505ms    claimed         2 s1/1
        1505ms    started         2 s1/1
        1600ms    finished        2 s1/1
        2s        published       3 a
        2s5ms     claimed         3 s1/1
        """,
    ),
    "the other worker of a server that is about to stop": Case(
        "WORK-2",
        """
        0s   server_started  s1 workers=2
        0s   job_created     a seconds=9
        0s   published       1 a
        0s   claimed         1 s1/1
        0s   started         1 s1/1
        9s   published       2 a
        15s  finished        1 s1/1
        15s  server_stopped  s1
        """,
    ),
    "between servers a run may overtake by one journey": Case(
        "WORK-3",
        """
        header travel=5ms
        0s   job_created  a
        0s   job_created  b
        0s   published    1 a
        0s   published    2 b
        0s   claimed      1 s1/1
        0s   claimed      2 s2/1
        0s   started      2 s2/1
        5ms  started      1 s1/1
        """,
    ),
    "on one server two runs start at one instant": Case(
        "WORK-3",
        """
        0s   job_created  a
        0s   job_created  b
        0s   published    1 a
        0s   published    2 b
        0s   claimed      1 s1/1
        0s   claimed      2 s1/2
        0s   started      2 s1/2
        0s   started      1 s1/1
        """,
    ),
    # --- HIST
    "all outcomes in one job": Case(
        "HIST-1",
        """
        0s    job_created  a seconds=60
        0s    published    1 a
        190s  coalesced    a due=60s into=180s
        190s  coalesced    a due=120s into=180s
        190s  published    2 a due=180s coalesced=2
        200s  job_edited   a misfire=skip
        310s  skipped      a due=240s
        310s  skipped      a due=300s
        360s  published    3 a
        """,
    ),
    "everything at one instant": Case(
        "HIST-2",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        0s  finished     1 s1/1
        """,
    ),
}


WRONG = {
    # --- JOB
    "a name of 201 characters": Case("JOB-1", f"0s job_created a name={'x' * 201} start_date=1h"),
    "extra data of 500,001 bytes": Case("JOB-1", f"0s job_created a extra=x{'ψ' * 250_000}"),
    "a name that is free only later": Case(
        "JOB-1",
        """
        0s  job_created  a name=x start_date=1h
        1s  job_created  b name=x start_date=1h
        1s  job_deleted  a
        """,
    ),
    "a revision that skips one": Case(
        "JOB-1",
        """
        0s  job_created      a start_date=1h
        1s  job_deactivated  a revision=3
        """,
    ),
    "a start_date that is a day": Case("JOB-1", "0s job_created a start_date=2026-01-01"),
    "half a minute": Case("JOB-3", "0s job_created a minutes=0.5"),
    "true repeats": Case("JOB-3", "0s job_created a minutes=1 repeats=true"),
    "a step on a single number": Case("JOB-4", '0s job_created a cron_definition="5/10 * * * *"'),
    "no cron definition": Case("JOB-4", "0s job_created a job_type=cron_style"),
    "a fault that is not named": Case(
        "JOB-5", '0s job_rejected a cron_definition="61 * * * *" faults="name: is taken"'
    ),
    "a fault without a name": Case("JOB-5", "0s job_rejected a seconds=1"),
    "a field of another type of job": Case(
        "JOB-6", "0s job_created a seconds=1 cron_definition=@daily job_type=interval_based"
    ),
    # --- FIRE
    "a one-time job a microsecond off": Case(
        "FIRE-1",
        """
        0s      job_created  launch start_date=10s
        10s1us  published    1 launch
        """,
    ),
    "the grid a microsecond off": Case(
        "FIRE-2",
        """
        0s      job_created  a seconds=60
        0s      published    1 a
        60s1us  published    2 a
        """,
    ),
    "one that is not due is coalesced": Case(
        "FIRE-2",
        """
        0s   job_created  a seconds=60
        60s  coalesced    a due=0s into=60s
        60s  coalesced    a due=30s into=60s
        60s  published    1 a coalesced=2
        """,
    ),
    "nothing came of it, and the time for it was over a microsecond ago": Case(
        "FIRE-2",
        """
        0s      lease_acquired  s1
        0s      job_created     a seconds=60
        0s      published       1 a
        71s1us  end
        """,
    ),
    "a longer grace is waited for, and no longer": Case(
        "FIRE-2",
        """
        0s      lease_acquired  s1
        0s      job_created     a seconds=600 grace=30s
        40s1us  end
        """,
    ),
    "deactivated a microsecond after the last occurrence": Case(
        "FIRE-3",
        """
        0s   job_created      a seconds=60 repeats=1
        0s   published        1 a
        1us  job_deactivated  a
        """,
    ),
    "repeats are counted from zero after an edit": Case(
        "FIRE-3",
        """
        0s    job_created  a seconds=60 repeats=2
        0s    published    1 a
        60s   job_edited   a name=b
        60s   published    2 a
        120s  published    3 a
        """,
    ),
    "a minute that does not match": Case(
        "FIRE-4",
        """
        0s   job_created  a cron_definition="*/7 * * * *"
        0s   published    1 a
        1m   published    2 a
        """,
    ),
    "*/2 in the day of month restricts it": Case(
        "FIRE-4",
        """
        0s     lease_acquired  s1
        0s     job_created     a cron_definition="0 0 */2 * MON" start_date=1m
        2d20s  end
        """,
    ),
    "two days after a change it is FIRE-4's": Case(
        "FIRE-4",
        """
        89d    job_created  a cron_definition="30 2 * * *" timezone=Europe/Warsaw start_date=89d
        89d3h  published    1 a
        """,
    ),
    "Lord Howe, gap: nothing is made up": Case(
        "FIRE-5",
        """
        275d     lease_acquired  s1
        275d     job_created     a cron_definition="15 2 * * *" timezone=Australia/Lord_Howe \
start_date=275d
        275d16h  end
        """,
    ),
    "Lord Howe, gap: an hour's shift": Case(
        "FIRE-5",
        """
        275d        job_created     a cron_definition="15 2 * * *" timezone=Australia/Lord_Howe \
start_date=275d
        275d15h45m  published       1 a
        """,
    ),
    "Lord Howe, fold: both": Case(
        "FIRE-5",
        """
        93d        job_created  a cron_definition="45 1 * * *" timezone=Australia/Lord_Howe \
start_date=93d
        93d14h45m  published    1 a
        93d15h15m  published    2 a
        """,
    ),
    "Warsaw, fold: real time pauses": Case(
        "FIRE-5",
        """
        297d        lease_acquired  s1
        297d        job_created     a cron_definition="30 * * * *" timezone=Europe/Warsaw \
start_date=297d
        297d30m     published       1 a
        297d1h40m   end
        """,
    ),
    "published a microsecond early": Case(
        "FIRE-6",
        """
        0s          job_created  a start_date=10s
        9999999us   published    1 a due=10s
        """,
    ),
    "an inactive job makes up for what it missed": Case(
        "FIRE-7",
        """
        0s   job_created      a seconds=60 start_date=60s
        70s  job_deactivated  a
        80s  published        1 a due=60s
        """,
    ),
    "a deleted job is run on demand": Case(
        "FIRE-7",
        """
        0s   job_created  a seconds=60 start_date=60s
        10s  job_deleted  a
        20s  published    1 a on_demand=true
        """,
    ),
    "the old job at the instant of the edit, after it": Case(
        "FIRE-8",
        """
        0s   job_created  a seconds=60 start_date=60s
        60s  job_edited   a name=b
        60s  published    1 a revision=1 name=a
        """,
    ),
    "the old job after an edit, a deactivation and an activation": Case(
        "FIRE-8",
        """
        0s   job_created      a seconds=60 start_date=60s
        10s  job_edited       a seconds=45 name=b
        20s  job_deactivated  a
        30s  job_activated    a
        60s  published        1 a revision=1 name=a
        """,
    ),
    "the old job on demand": Case(
        "FIRE-8",
        """
        0s   job_created  a seconds=60 start_date=60s
        10s  job_edited   a name=b
        20s  published    1 a revision=1 name=a on_demand=true
        """,
    ),
    "an occurrence from a microsecond before the edit": Case(
        "FIRE-8",
        """
        0s      job_created  a seconds=60 start_date=60s
        60s1us  job_edited   a name=b
        60s1us  published    1 a due=60s
        """,
    ),
    "an occurrence from a microsecond before the activation": Case(
        "FIRE-9",
        """
        0s      job_created    a seconds=60 start_date=60s is_active=false
        60s1us  job_activated  a
        60s1us  published      1 a due=60s
        """,
    ),
    "a one-time job is made up after its activation": Case(
        "FIRE-9",
        """
        0s   job_created    launch start_date=10s is_active=false
        20s  job_activated  launch
        20s  published      1 launch due=10s
        """,
    ),
    "inactive time is coalesced into what follows": Case(
        "FIRE-9",
        """
        0s    job_created    a seconds=60 is_active=false
        100s  job_activated  a
        120s  coalesced      a due=60s into=120s
        120s  published      1 a coalesced=1
        """,
    ),
    "an occurrence from a microsecond before the creation": Case(
        "FIRE-10",
        """
        60s1us  job_created  a seconds=60 start_date=0s
        60s1us  published    1 a due=60s
        """,
    ),
    "a run on demand that stands for a later instant's occurrence": Case(
        "FIRE-11",
        """
        0s   job_created  a seconds=60 start_date=60s
        61s  published    1 a on_demand=true due=60s
        """,
    ),
    # --- PUB
    "the same instant in three stages": Case(
        "PUB-1",
        """
        0s   job_created      a seconds=60 start_date=60s
        60s  published        1 a
        60s  job_deactivated  a
        60s  job_activated    a
        60s  published        2 a
        """,
    ),
    "a message without a cid": Case(
        "PUB-2",
        """
        0s  job_created  a
        0s  published    1 a cid=""
        """,
    ),
    "a message without an epoch": Case(
        "PUB-2",
        """
        0s  job_created  a
        0s  published    1 a epoch=0
        """,
    ),
    "the payload of a job that was deleted and created again": Case(
        "PUB-2",
        """
        0s  job_created  a seconds=60 extra=old
        0s  published    1 a
        1s  job_deleted  a
        1s  job_created  a seconds=60 extra=new
        60s  published    2 a payload=old
        """,
    ),
    "catching up backwards, over an edit": Case(
        "PUB-3",
        """
        0s    job_created  a seconds=60 misfire=all start_date=60s
        190s  published    1 a due=120s
        190s  published    2 a due=60s
        """,
    ),
    # --- DLV, RUN
    "claimed once more than it was taken back": Case(
        "DLV-1",
        """
        0s   job_created  a
        0s   published    1 a
        0s   claimed      1 s1/1
        10s  reclaimed    1 s1/1
        10s  claimed      1 s2/1 attempt=2
        11s  claimed      1 s3/1 attempt=3
        """,
    ),
    "a message waits for longer than two journeys, and one server claims nothing": Case(
        "DLV-4",
        """
        header travel=1s
        0s      server_started  s1 workers=1
        0s      server_started  s2 workers=1
        0s      job_created     a seconds=1
        0s      published       1 a
        1s      claimed         1 s1/1
        1s      started         1 s1/1
        1s      published       2 a
        3s      finished        1 s1/1
        3s1us   claimed         2 s1/1
        """,
    ),
    "the oldest of three goes last": Case(
        "DLV-5",
        """
        0s  job_created  a
        0s  job_created  b
        0s  published    3 a
        0s  published    1 b
        0s  claimed      1 s1/1
        0s  claimed      3 s1/2
        """,
    ),
    "a worker claims a microsecond before its run ends": Case(
        "RUN-1",
        """
        0s  job_created  a seconds=1
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  published    2 a
        1s  claimed      2 s1/1
        1s1us  finished  1 s1/1
        """,
    ),
    "more than the workers it came back with": Case(
        "RUN-2",
        """
        0s   server_started  s1 workers=2
        0s   job_created     a seconds=10
        5s   server_stopped  s1
        6s   server_started  s1 workers=1
        6s   published       1 a due=0s
        6s   claimed         1 s1/1
        6s   started         1 s1/1
        10s  published       2 a
        10s  claimed         2 s1/2
        10s  started         2 s1/2
        """,
    ),
    "a usage that does not count this time": Case(
        "RUN-3",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 usage=0
        """,
    ),
    "no payload becomes an empty text": Case(
        "RUN-4",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 payload=""
        """,
    ),
    "white space is stripped": Case(
        "RUN-4",
        """
        0s  job_created  a extra=" x"
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 payload=x
        """,
    ),
    "the end of a long payload is cut off": Case(
        "RUN-4",
        f"""
        0s  job_created  a extra={"x" * 300}
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 payload={"x" * 256}
        """,
    ),
    "a method is called twice": Case(
        "RUN-5",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 defines=before_job,handle calls=before_job,handle,handle
        """,
    ),
    "the hooks of another type of job": Case(
        "RUN-5",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 defines=handle calls=handle,after_cron_style_job
        """,
    ),
    "handle is left out after a hook raised": Case(
        "RUN-6",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 defines=before_handle,handle raised=before_handle \
calls=before_handle
        """,
    ),
    "finalize_handle is left out after handle raised": Case(
        "RUN-7",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 defines=handle,finalize_handle raised=handle calls=handle
        1s  finished     1 s1/1 failed error=boom
        """,
    ),
    "a run that failed without saying why": Case(
        "RUN-7",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  invoked      1 s1/1 defines=handle raised=handle
        1s  finished     1 s1/1 failed
        """,
    ),
    "there is no such service, and another reason is given": Case(
        "RUN-8",
        """
        0s  server_started  s1 workers=1 services=other
        0s  job_created     a
        0s  published       1 a
        0s  claimed         1 s1/1
        0s  started         1 s1/1
        0s  finished        1 s1/1 failed error=KeyError
        """,
    ),
    # --- OVER, WORK
    "the way to the worker takes a microsecond too long": Case(
        "OVER-1",
        """
        header travel=5ms
        0s       job_created  a
        0s       published    1 a
        0s       claimed      1 s1/1
        5001us   started      1 s1/1
        """,
    ),
    "claimed a lease and a microsecond ago, and never started": Case(
        "OVER-1",
        """
        0s      job_created  a
        0s      published    1 a
        0s      claimed      1 s1/1
        10s1us  end
        """,
    ),
    "three runs at once, and a fourth worker": Case(
        "OVER-2",
        """
        0s  server_started  s1 workers=4
        0s  job_created     a seconds=1
        0s  published       1 a
        0s  claimed         1 s1/1
        0s  started         1 s1/1
        1s  published       2 a
        1s  claimed         2 s1/2
        1s  started         2 s1/2
        2s  published       3 a
        2s  claimed         3 s1/3
        2s  started         3 s1/3
        3s  published       4 a
        9s  end
        """,
    ),
    "the way to the store takes a microsecond too long": Case(
        "WORK-2",
        """
        header travel=5ms
        0s        server_started  s1 workers=1
        0s        job_created     a
        0s        published       1 a
        5001us    claimed         1 s1/1
        """,
    ),
    "a message that was taken back waits beside a free worker": Case(
        "WORK-2",
        """
        0s   server_started  s1 workers=1
        0s   server_started  s2 workers=1
        0s   job_created     a start_date=1s
        0s   job_created     b start_date=1s
        1s   published       1 a
        1s   claimed         1 s1/1
        1s   published       2 b
        1s   claimed         2 s2/1
        1s   started         2 s2/1
        2s   finished        2 s2/1
        9s   reclaimed       1 s1/1
        15s  end
        """,
    ),
    "between servers a run overtakes by more than a journey": Case(
        "WORK-3",
        """
        header travel=5ms
        0s      job_created  a
        0s      job_created  b
        0s      published    1 a
        0s      published    2 b
        0s      claimed      1 s1/1
        0s      claimed      2 s1/2
        0s      started      2 s1/2
        1us     started      1 s1/1
        """,
    ),
    # --- HIST
    "an occurrence is folded and published": Case(
        "HIST-1",
        """
        0s    job_created  a seconds=60 start_date=60s
        130s  coalesced    a due=60s into=120s
        130s  published    1 a due=60s
        130s  published    2 a due=120s coalesced=1
        """,
    ),
    "an occurrence is skipped in one stage and published in the next": Case(
        "HIST-1",
        """
        0s   job_created  a seconds=60 start_date=60s
        60s  skipped      a due=60s why=changed
        60s  job_edited   a name=b
        60s  published    1 a
        """,
    ),
    "a hole between two outcomes": Case(
        "HIST-1",
        """
        0s   job_created  a cron_definition="* * * * *"
        0s   published    1 a
        2m   published    2 a
        """,
    ),
    "a message of no job": Case("HIST-1", "0s published 1 a"),
    "a message of no job, on demand": Case("HIST-1", "0s published 1 a on_demand=true"),
    "a message published twice": Case(
        "HIST-1",
        """
        0s   job_created  a seconds=60
        0s   published    1 a
        60s  published    1 a
        """,
    ),
    "a message claimed after it has finished": Case(
        "DLV-2",
        """
        0s  job_created  a
        0s  published    1 a
        0s  claimed      1 s1/1
        0s  started      1 s1/1
        1s  finished     1 s1/1
        1s  claimed      1 s2/1 attempt=2
        """,
    ),
    "an edit of no job": Case(
        "HIST-1",
        """
        0s  job_created  a start_date=1h
        1s  job_edited   b start_date=1h revision=1
        """,
    ),
    "a server that leaves twice": Case(
        "HIST-1",
        """
        0s  server_started  s1 workers=1
        1s  server_stopped  s1
        2s  server_stopped  s1
        """,
    ),
    "started a microsecond before it was claimed": Case(
        "HIST-2",
        """
        0s       job_created  a
        0s       published    1 a
        10us     claimed      1 s1/1
        9us      started      1 s1/1
        """,
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_just_right_holds(name: str) -> None:
    findings = judge(read_example(RIGHT[name].text))
    assert not {id: finding for id, finding in findings.items() if finding.violations}
    assert findings[RIGHT[name].rule].verdict == "holds"


@pytest.mark.parametrize("name", WRONG)
def test_what_is_just_wrong_is_broken(name: str) -> None:
    findings = judge(read_example(WRONG[name].text))
    broken = {id: finding for id, finding in findings.items() if finding.violations}
    assert broken.keys() == {WRONG[name].rule}, broken


def test_a_rule_that_examined_nothing_was_not_exercised() -> None:
    assert {finding.verdict for finding in judge(read_example("1s end")).values()} == {
        "not exercised"
    }


# --- how many cases are examined


def _examined(text: str) -> dict[str, int]:
    return {id: finding.examined for id, finding in judge(read_example(text)).items()}


def test_fire_4_and_fire_5_share_the_occurrences_of_a_zone() -> None:
    published = "\n".join(
        f"{day}d2h published {day} a" for day in range(80, 95)
    )  # 29 March is day 87
    examined = _examined(
        f"""
        80d  job_created  a cron_definition="0 * * * *" timezone=Europe/Warsaw start_date=80d
        {published}
        """
    )
    assert examined["FIRE-5"] == 2  # 01:00 UTC on the 29th is near 02:00 on the 28th and the 29th
    assert examined["FIRE-4"] == 13


def test_a_case_is_an_occurrence() -> None:
    examined = _examined(RIGHT["several jobs are due at one instant"].text)
    assert examined["FIRE-2"] == examined["FIRE-6"] == examined["PUB-1"] == 8
    assert examined["PUB-3"] == 5  # pairs within a job
    assert examined["HIST-1"] == 16  # occurrences and messages


def test_what_is_broken_was_examined() -> None:
    for case in WRONG.values():
        finding = judge(read_example(case.text))[case.rule]
        assert finding.examined >= 1, case


# --- what cannot be told from a history is not told


ODD = ["null", "[]", "{}", "0", "true", "1e3", '""', "-1", '"2026-02-30T00:00:00Z"', '"ψ"']
FIELDS = ["name", "job_type", "service", "start_date", "is_active", "extra", "seconds", "repeats",
          "cron_definition", "timezone", "misfire", "grace", "unheard_of"]  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", ODD)
def test_no_definition_is_too_odd_to_be_judged(field: str, value: str) -> None:
    odd = f"'{field}={value}'"
    text = f"""
        0s   lease_acquired  s1
        0s   job_created     a {odd if field != "name" else f"{odd} event_name=a"}
        0s   job_rejected    b {odd} faults="x: y"
        5s   job_edited      a {odd if field != "name" else f"{odd} event_name=a"}
        10s  published       1 a name=a job_type=one_time service=report payload=x due=0s
        10s  claimed         1 s1/1
        10s  started         1 s1/1
        10s  invoked         1 s1/1
        10s  finished        1 s1/1
        50s  end
        """
    findings = judge(read_example(text))
    assert all(isinstance(v.what, str) for f in findings.values() for v in f.violations)


# --- HIST-3 and HIST-4


def _written(text: str) -> bytes:
    file = io.BytesIO()
    history.write(read_example(text), file)
    return file.getvalue()


def _verdict(id: str, *subjects: bytes) -> Verdict:
    return RULES[id].check(*subjects).verdict


FILE = _written(RIGHT["everything at one instant"].text)
LINES = FILE.count(b"\n")


def test_a_file_as_it_was_written_is_whole() -> None:
    assert _verdict("HIST-4", FILE) == "holds"
    assert _verdict("HIST-4", FILE.rstrip(b"\n")) == "broken"  # its last byte is missing


def test_every_flipped_byte_is_noticed() -> None:
    for place in range(1, len(FILE) + 1):
        assert _verdict("HIST-4", damage(FILE, [f"flip-byte={place}"])) == "broken", place


def test_every_missing_line_is_noticed() -> None:
    for line in range(1, LINES + 1):
        assert _verdict("HIST-4", damage(FILE, [f"drop-line={line}"])) == "broken", line


def test_every_swap_of_lines_is_noticed() -> None:
    for line in range(1, LINES + 1):
        for other in range(1, line):
            option = f"swap-lines={other},{line}"
            assert _verdict("HIST-4", damage(FILE, [option])) == "broken", option


def test_every_truncation_is_noticed() -> None:
    for length in range(len(FILE) - 1):
        assert _verdict("HIST-4", FILE[:length]) == "broken", length


def test_a_doubled_line_is_noticed() -> None:
    lines = FILE.splitlines(keepends=True)
    for place, line in enumerate(lines):
        doubled = b"".join([*lines[:place], line, *lines[place:]])
        assert _verdict("HIST-4", doubled) == "broken", place


def test_two_histories_differ_from_a_line_on() -> None:
    other = damage(FILE, ["drop-line=4"])
    assert _verdict("HIST-3", FILE, FILE) == "holds"
    assert _verdict("HIST-3", FILE, other) == _verdict("HIST-3", other, FILE) == "broken"
    assert "line 4 on" in str(RULES["HIST-3"].check(FILE, other).violations[0])
    shorter = damage(FILE, [f"drop-line={LINES}"])
    assert f"line {LINES} on" in str(RULES["HIST-3"].check(FILE, shorter).violations[0])


# --- the trace


def test_a_leader_that_crashes_leads_no_longer() -> None:
    trace = Trace(read_example(RIGHT["nothing came of it, because the leader crashed"].text))
    (office,) = trace.terms
    assert (office.server, office.ends - ORIGIN) == ("s1", 65_000_000)
    assert trace.term_at(ORIGIN + 64_999_999) is office
    assert trace.term_at(ORIGIN + 65_000_000) is None
    assert trace.term_at(ORIGIN - HOUR) is None


def test_a_run_ends_with_its_server() -> None:
    trace = Trace(
        read_example(RIGHT["a server that crashed comes back, and its workers are free"].text)
    )
    first, second = trace.runs
    assert first.ends is not None
    assert (first.ends - ORIGIN, second.ends) == (5_000_000, None)
