"""Mutants that record incomplete, irreproducible or forgeable histories (HIST)."""

from gnomon.simulator.mutants.patch import Mutant

MUTANTS = (
    Mutant(
        "the cursor moves before the append",
        "HIST-1",
        "what is refused then has been accounted for, and is never published",
        "gnomon.reference.store.memory:MemoryStore._publish",
        "                self._record(refused)\n",
        "                self._record(refused)\n"
        "                if kept is not None:\n"
        "                    kept.cursor = entry.next_cursor or kept.cursor\n",
    ),
    Mutant(
        "a run on demand moves the cursor",
        "HIST-1",
        "the next occurrence is taken to have been run",
        "gnomon.reference.store.memory:MemoryStore._execute",
        "        delivery = self._append(",
        "        kept.cursor = kept.cursor and kept.cursor + 10_000_000\n"
        "        delivery = self._append(",
    ),
    Mutant(
        "the first after the cursor is passed over",
        "HIST-1",
        "a leader that loads begins one instant late",
        "gnomon.reference.cluster.known_job:KnownJob.__init__",
        "self.due = trigger.first(cursor)",
        "self.due = trigger.first((trigger.first(cursor) or cursor) + 1)",
    ),
    Mutant(
        "a fold that forgets",
        "HIST-1",
        "the first of what is folded in is not accounted for",
        "gnomon.reference.cluster.misfires:due_entries",
        "cursor, latest, due, new_cid(), tuple(coalesced))",
        "cursor, latest, due, new_cid(), tuple(coalesced[1:]))",
    ),
    Mutant(
        "a skip that nobody sees",
        "HIST-1",
        "what is skipped is in no history (Temporal #8087)",
        "gnomon.reference.store.limits:account_for_misfires",
        "record(events.Skipped(now, kept.id, instant))",
        "pass",
    ),
    Mutant(
        "what comes while workers are busy is dropped",
        "HIST-1",
        "it is accounted for, and there is no message (BullMQ)",
        "gnomon.reference.store.memory:MemoryStore._publish",
        "            if entry.due is not None and not has_surplus:\n",
        "            if entry.due is not None and self._messages.waiting < 5:\n",
    ),
    Mutant(
        "a server tells the time of its own clock",
        "HIST-2",
        "its runs start before they are claimed",
        "gnomon.simulator.world.cluster:Node._begin",
        "events.Started(now,",
        "events.Started(self._clock(now),",
    ),
    Mutant(
        "chance without a seed",
        "HIST-3",
        "cids are made of whatever the process has at hand",
        "gnomon.simulator.world.cluster:cids",
        'streams.stream("cid").getrandbits',
        '__import__("random").getrandbits',
    ),
    Mutant(
        "ties are broken by where things lie in memory",
        "HIST-3",
        "what is due at one instant happens in another order each time",
        "gnomon.simulator.world.kernel:Kernel.__init__",
        "next_number(), call, argument",
        "id(call) % 4096 * 2**64 + next_number(), call, argument",
    ),
    Mutant(
        "the digest is not compared",
        "HIST-4",
        "a line that was altered with care is accepted",
        "gnomon.reference.history:_check_end",
        'if end != {"kind": "end", "events": events, "sha256": digest}:',
        'if end["events"] != events:',
    ),
    Mutant(
        "the digest is of the last lines only",
        "HIST-4",
        "of a long history those before them are not sealed",
        "gnomon.reference.history:Writer._flush",
        "self._digest.update(chunk)",
        "self._digest = hashlib.sha256(chunk)",
    ),
)
