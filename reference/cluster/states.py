"""The transition tables of a server, its workers and its leader role, as data.

Each table maps a state and an input to the transitions that are possible: the next state, and the
kinds of outputs. A test drives the real objects, by hand and through simulated histories. It
fails on a transition that the table does not name, and on a row of the table that never happens.

    server        new -> working -> draining -> left
                  Each of the two in the middle has a state of doubt beside it. Time alone leads
                  there: a lease after the server sent the latest request that was answered.
    worker        claiming -> running -> claiming …; idle once the server is draining
    leader role   following -> loading -> leading and loading -> leading -> following …;
                  resigning -> resigned at the end
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from gnomon.reference.cluster.outputs import Run
from gnomon.reference.store.operations import (
    Campaign,
    Changes,
    Claim,
    Complete,
    Heartbeat,
    Jobs,
    Join,
    Operation,
    Publish,
    Reclaim,
    Resign,
    Withdraw,
)

ServerState = Literal["new", "working", "doubting", "draining", "draining in doubt", "left"]
WorkerState = Literal["claiming", "running", "idle"]
LeaderState = Literal[
    "following", "loading", "leading and loading", "leading", "resigning", "resigned"
]

Kind = type[Run] | type[Operation]


class To(NamedTuple):
    """A transition: the `next` state, the kinds of outputs, and those that may be missing."""

    next: str
    outputs: tuple[Kind, ...] = ()
    optional: tuple[Kind, ...] = ()


Table = Mapping[str, Mapping[str, Sequence[To]]]
"""State -> input -> the transitions that are possible."""

# --- the leader role

LEADER: Table = {
    # Another server leads, or nobody does. Once the lease is free, the server campaigns.
    "following": {
        "heartbeat": [To("following", (Campaign,))],
        "publish timer": [To("following")],
        "drain": [To("resigned")],
        "Leader: this server, new epoch": [To("loading", (Jobs,))],
        "Leader: released by another": [To("following")],
        "Leader: another or nobody": [To("following")],
        "Leader: another store": [To("following")],
        "Leader: former store": [To("following")],
        "Outcomes not awaited": [To("following")],
        "JobList not awaited": [To("following")],
    },
    # It holds the lease and reads the first page of jobs.
    "loading": {
        "heartbeat": [To("loading", (Campaign,), optional=(Jobs,))],  # asks for the page again
        "publish timer": [To("loading")],
        "drain": [To("resigning", (Resign,))],
        "Leader: this server, new epoch": [To("loading", (Jobs,))],  # begins again
        "Leader: this server, renewed": [To("loading")],
        "Leader: this server, jobs have changed": [To("loading")],  # Changes will give them
        "Leader: released by another": [To("loading")],
        "Leader: another or nobody": [To("following")],
        "Leader: another store": [To("following")],
        "Leader: former store": [To("loading")],
        "Leader: earlier epoch": [To("loading")],
        "Outcomes not awaited": [To("loading")],
        "JobList not awaited": [To("loading")],
        "JobList: a page, more follow": [To("leading and loading", (Jobs,))],
        "JobList: the last page": [To("leading", (Changes,))],
    },
    # It publishes what is due, and reads the other pages; the next due come first.
    "leading and loading": {
        "heartbeat": [To("leading and loading", (Campaign,), optional=(Jobs,))],
        "publish timer": [To("leading and loading", optional=(Publish,))],
        "drain": [To("resigning", (Resign,))],
        "Leader: this server, new epoch": [To("loading", (Jobs,))],
        "Leader: this server, renewed": [To("leading and loading")],
        "Leader: this server, jobs have changed": [To("leading and loading", (Changes,))],
        "Leader: released by another": [To("leading and loading")],
        "Leader: another or nobody": [To("following")],
        "Leader: another store": [To("following")],
        "Leader: former store": [To("leading and loading")],
        "Leader: earlier epoch": [To("leading and loading")],
        "Outcomes: all accepted": [To("leading and loading")],
        "Outcomes: some refused": [To("leading and loading", optional=(Jobs,))],
        "Outcomes: deposed": [To("following")],
        "Outcomes not awaited": [To("leading and loading")],
        "JobList: a page, more follow": [To("leading and loading", (Jobs,))],
        "JobList: the last page": [To("leading", (Changes,))],
        "JobList: of Jobs": [To("leading and loading")],
        "JobList: of another store": [To("leading and loading")],
        "JobList: of Changes": [To("leading and loading", (Changes,))],
        "JobList: of Changes, repeated": [To("leading and loading")],
    },
    # It publishes what is due; one Publish is in flight at a time.
    "leading": {
        # Reads the jobs of a Publish that was not answered in time, or repeats such a request.
        "heartbeat": [To("leading", (Campaign,), optional=(Jobs,))],
        "publish timer": [To("leading", optional=(Publish,))],
        "drain": [To("resigning", (Resign,))],
        "Leader: this server, new epoch": [To("loading", (Jobs,))],
        "Leader: this server, renewed": [To("leading")],
        "Leader: this server, jobs have changed": [To("leading", (Changes,))],
        "Leader: released by another": [To("leading")],
        "Leader: another or nobody": [To("following")],
        "Leader: another store": [To("following")],
        "Leader: former store": [To("leading")],
        "Leader: earlier epoch": [To("leading")],
        "Outcomes: all accepted": [To("leading")],
        "Outcomes: some refused": [To("leading", optional=(Jobs,))],  # unless known to have changed
        "Outcomes: deposed": [To("following")],
        "Outcomes not awaited": [To("leading")],
        "JobList: of Jobs": [To("leading")],
        "JobList: of another store": [To("leading")],
        "JobList: of Changes": [To("leading", (Changes,))],
        "JobList: of Changes, repeated": [To("leading")],
    },
    # It stopped leading and repeats its Resign until the store confirms it (LEAD-3).
    "resigning": {
        "heartbeat": [To("resigning", (Resign,))],
        "publish timer": [To("resigning")],
        "Leader: this server, new epoch": [To("resigning", (Resign,))],
        "Leader: released by another": [To("resigning")],
        "Leader: another or nobody": [To("resigned")],
        "Outcomes not awaited": [To("resigning")],
        "JobList not awaited": [To("resigning")],
    },
    # It holds no lease and asks for none. A Campaign sent earlier may still win one.
    "resigned": {
        "heartbeat": [To("resigned")],
        "publish timer": [To("resigned")],
        "Leader: this server, new epoch": [To("resigning", (Resign,))],
        "Leader: released by another": [To("resigned")],
        "Leader: another or nobody": [To("resigned")],
        "Outcomes not awaited": [To("resigned")],
        "JobList not awaited": [To("resigned")],
    },
}

# --- a worker

WORKER: Table = {
    # Its claim has not been answered.
    "claiming": {
        "Assignment of this turn": [
            To("running", (Run,)),
            To("claiming"),  # the server is in doubt: it claims again, in a new turn
        ],
        "Assignment of another turn": [To("claiming")],
        "reply that the turn is over": [
            To("claiming", (Claim,)),  # its message was reclaimed
            To("claiming"),  # of another turn, or the server is draining or in doubt
        ],
        "Withdrawn": [
            To("idle"),
            To("running", (Run,)),  # the claim had been answered before
        ],
    },
    # It runs a service.
    "running": {
        "finish": [
            To("claiming", (Claim,)),  # of the next turn; it names the completed message
            To("idle", (Complete,)),  # the server is draining
            To("idle"),  # the same, and a former store had assigned the message
        ],
        "Assignment of another turn": [To("running")],
        "reply that the turn is over": [To("running")],
        "Withdrawn": [To("running")],
    },
    # The server is draining.
    "idle": {
        "Assignment of another turn": [To("idle")],
        "reply that the turn is over": [To("idle")],
        "Withdrawn": [To("idle")],
    },
}

# --- a server

SERVER: Table = {
    "new": {
        "start": [To("working", (Join, Campaign))],
    },
    # The Campaign carries every claim that was not answered, and asks for the lease.
    "working": {
        "heartbeat": [To("working", (Campaign,), optional=(Join, Jobs))],
        "publish timer": [To("working", optional=(Publish,))],
        "finish": [To("working", (Claim,))],
        "drain": [To("draining", (Withdraw,), optional=(Resign,))],
        "Assignment of this turn": [To("working", (Run,))],
        "Assignment of another turn": [To("working")],
        "reply that the turn is over": [To("working", optional=(Claim,))],
        "reply to Reclaim": [To("working")],
        "acknowledgement": [To("working")],
        "reply for the leader role": [To("working", optional=(Jobs, Changes))],
        "reply of another store": [To("working", (Join, Campaign))],
    },
    # A lease has passed without a reply: it asks for nothing that reserves anything.
    "doubting": {
        "heartbeat": [To("doubting", (Reclaim,))],
        "publish timer": [To("doubting", optional=(Publish,))],
        "finish": [To("doubting", (Claim,))],
        "drain": [To("draining in doubt", (Withdraw,), optional=(Resign,))],
        "Assignment of this turn": [To("doubting", (Reclaim,))],
        "Assignment of another turn": [To("doubting")],
        "reply that the turn is over": [To("doubting")],
        "reply to Reclaim": [
            To("working", (Campaign,), optional=(Join, Jobs)),
            To("doubting"),  # the latest heartbeat was itself sent a lease ago
        ],
        "acknowledgement": [To("doubting")],
        "reply for the leader role": [
            To("doubting", optional=(Jobs, Changes)),
            To("working", optional=(Jobs, Changes)),  # it answers a recent Campaign
        ],
        "reply of another store": [
            To("doubting", (Reclaim,)),
            To("working", (Join, Campaign)),  # it answers a recent Campaign
        ],
    },
    # Once everything was answered and nothing runs, it has left.
    "draining": {
        "heartbeat": [
            To("draining", (Heartbeat, Reclaim), optional=(Join, Withdraw, Complete, Resign))
        ],
        "publish timer": [To("draining")],
        "finish": [To("draining", optional=(Complete,)), To("left")],
        "Assignment of this turn": [To("draining", (Run,))],
        "Assignment of another turn": [To("draining")],
        "reply that the turn is over": [To("draining")],
        "reply to Reclaim": [To("draining")],
        "acknowledgement": [To("draining"), To("left")],
        "Withdrawn": [To("draining", optional=(Run,)), To("left")],
        "reply for the leader role": [
            To("draining", optional=(Resign,)),
            To("left"),
        ],
    },
    "draining in doubt": {
        "heartbeat": [To("draining in doubt", (Reclaim,), optional=(Withdraw, Complete))],
        "publish timer": [To("draining in doubt")],
        "finish": [To("draining in doubt", optional=(Complete,)), To("left")],
        "Assignment of this turn": [
            To("draining in doubt", (Withdraw, Reclaim), optional=(Complete,))
        ],
        "Assignment of another turn": [To("draining in doubt")],
        "reply that the turn is over": [To("draining in doubt")],
        "reply to Reclaim": [
            To("draining", (Heartbeat, Reclaim), optional=(Join, Withdraw, Complete, Resign)),
            To("draining in doubt"),
        ],
        "acknowledgement": [To("draining in doubt"), To("left")],
        "Withdrawn": [
            To("draining in doubt", optional=(Reclaim, Complete)),
            To("left", optional=(Reclaim,)),
        ],
        "reply for the leader role": [
            To("draining in doubt", optional=(Resign,)),
            To("draining", optional=(Resign,)),
            To("left"),
        ],
    },
    # Its driver stops here.
    "left": {},
}
