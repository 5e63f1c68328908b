"""Mutants that let two servers lead, or none, and so publish wrongly (LEAD, PUB)."""

from gnomon.simulator.mutants.patch import Mutant

MUTANTS = (
    Mutant(
        "an epoch for ever",
        "LEAD-1",
        "the number does not rise when somebody else leads",
        "gnomon.reference.store.memory:MemoryStore._campaign",
        "self._epoch = max(self._epoch, self._former_epoch) + 1",
        "self._epoch = 1",
    ),
    Mutant(
        "who asks last leads",
        "LEAD-1",
        "the lease is granted while another holds it",
        "gnomon.reference.store.memory:MemoryStore._campaign",
        "if self._leader is None:",
        "if self._leader != server:",
    ),
    Mutant(
        "epochs of a former store are forgotten",
        "LEAD-1",
        "a store in the place of another counts from 1, whatever its servers know",
        "gnomon.reference.store.memory:MemoryStore._campaign",
        "self._epoch = max(self._epoch, self._former_epoch) + 1",
        "self._epoch += 1",
    ),
    Mutant(
        "no fencing",
        "LEAD-2",
        "whoever asks to publish is taken for the leader (Zato 1.x, Zato #436)",
        "gnomon.reference.store.memory:MemoryStore._publish",
        "if self._leader != server or self._epoch != epoch:",
        "if False:",
    ),
    Mutant(
        "the fence is checked before, not with the append",
        "LEAD-2",
        "a leader that led when it asked may publish when it leads no more",
        "gnomon.reference.store.memory:MemoryStore._publish",
        "if self._leader != server or self._epoch != epoch:",
        "if (self._leader != server or self._epoch != epoch) and now >= operation.before:",
    ),
    Mutant(
        "only the epoch is fenced",
        "LEAD-2",
        "the last leader may publish for as long as nobody follows it",
        "gnomon.reference.store.memory:MemoryStore._publish",
        "if self._leader != server or self._epoch != epoch:",
        "if self._epoch != epoch:",
    ),
    Mutant(
        "a lease ends when somebody asks for it",
        "LEAD-2",
        "that it has run out is not noticed when its holder publishes",
        "gnomon.reference.store.memory:MemoryStore._publish",
        "        self._expire_lease(now)\n",
        "",
    ),
    Mutant(
        "a lease is renewed after it has expired",
        "LEAD-2",
        "if nobody else has asked in the meantime",
        "gnomon.reference.store.memory:MemoryStore._campaign",
        "        self._expire_lease(now)\n",
        "        if self._leader != server:\n            self._expire_lease(now)\n",
    ),
    Mutant(
        "an emptied store is not noticed",
        "LEAD-3",
        "the identity of the store is ignored, and a lower epoch is taken for a late reply",
        "gnomon.reference.cluster.leader:LeaderRole._is_of_this_store",
        "        elif operation is self._campaign:\n",
        "        elif False:\n",
    ),
    Mutant(
        "a stop keeps the lease",
        "LEAD-3",
        "it must run out before somebody else leads",
        "gnomon.reference.store.memory:MemoryStore._resign",
        "if self._leader == server and self._epoch == operation.epoch:",
        "if False:",
    ),
    Mutant(
        "nobody follows a leader that is lost",
        "LEAD-3",
        "there is one process that leads, and no other (Celery #1495, Zato 3.0)",
        "gnomon.reference.store.memory:MemoryStore._campaign",
        "        self._expire_lease(now)\n        if self._leader is None:",
        "        if self._leader is None:",
    ),
    Mutant(
        "a grace of three leases",
        "LEAD-3",
        "a leader is believed to live for much longer than it is (Zato 1.x: 90 s)",
        "gnomon.reference.store.memory:MemoryStore._campaign",
        "self._until = now + operation.ttl",
        "self._until = now + 4 * operation.ttl",
    ),
    Mutant(
        "what was due while nobody led is lost",
        "LEAD-4",
        "each leader begins with now (Zato 1.x, rq, huey, taskiq)",
        "gnomon.reference.store.memory:MemoryStore._campaign",
        "            self._leader = server\n",
        "            self._leader = server\n"
        "            for kept in self._jobs.by_id.values():\n"
        "                kept.resume(now)\n",
    ),
    Mutant(
        "a leader reads one page of jobs",
        "LEAD-4",
        "it leads from the first page on, and forgets what it has not read yet",
        "gnomon.reference.cluster.leader:LeaderRole._continue_loading",
        "if reply.more is not None:",
        "if False:",
    ),
    Mutant(
        "jobs expected at one instant are on one page",
        "LEAD-4",
        "the next page begins with a later instant, and passes over the others",
        "gnomon.reference.store.places:Places.after",
        "(place, AFTER_ANY_ID)",
        "(place and place[:18] + AFTER_ANY_ID, AFTER_ANY_ID)",
    ),
    Mutant(
        "a leader learns of no job that has waited",
        "LEAD-4",
        "what is behind when somebody begins to lead stays behind (Zato #872)",
        "gnomon.reference.cluster.leader:LeaderRole._apply_jobs",
        "                self._learn_job(job)\n",
        "                late = self._loading is not None and (job.cursor or 0) < reply.now - job"
        ".definition.grace\n"
        "                if not late:\n"
        "                    self._learn_job(job)\n",
    ),
    Mutant(
        "a clock that was ahead is waited for",
        "HIST-2",
        "the store's time stands still for a day, and its history lies beyond its end",
        "gnomon.reference.store.memory:MemoryStore._time_behind",
        "if was - reading <= self._lease_length:",
        "if True:",
    ),
    Mutant(
        "what a clock that was ahead has published stays so",
        "HIST-1",
        "the store corrects its clock, and the jobs remain where they were",
        "gnomon.reference.store.memory:MemoryStore._time_behind",
        "        self._jobs.set_back(reading)\n",
        "",
    ),
    Mutant(
        "what a clock that was ahead has accounted for stays so",
        "FIRE-1",
        "an edit to before the instant that the clock had reached gives a job no occurrence",
        "gnomon.reference.store.jobs:StoredJob.set_back",
        "        self.accounted = min(self.accounted, now - 1)\n",
        "",
    ),
    Mutant(
        "leading takes a worker",
        "LEAD-5",
        "the first worker of a server that leads does the leading, and claims nothing",
        "gnomon.reference.store.memory:MemoryStore._campaign",
        "operation.claims)",
        "tuple(c for c in operation.claims if c.worker > 1 or self._leader != server))",
    ),
    Mutant(
        "what has been published is published again",
        "PUB-1",
        "the store does not ask how far the job has come",
        "gnomon.reference.store.refusals:refusal",
        "if kept.cursor != entry.cursor:",
        "if False:",
    ),
    Mutant(
        "an edit fires the same instant again",
        "PUB-1",
        "the new definition does not know what the old one has published",
        "gnomon.reference.store.jobs:StoredJob.resume",
        "max(now, self.accounted + 1)",
        "now",
    ),
    Mutant(
        "a message carries the old payload",
        "PUB-2",
        "what is carried was noted when the job was created",
        "gnomon.reference.store.jobs:StoredJob.define",
        "self.shown = recorded_payload(definition.extra)",
        "self.shown = getattr(self, 'shown', recorded_payload(definition.extra))",
    ),
    Mutant(
        "messages of one Publish share a cid",
        "PUB-2",
        "it is made once for all that is due together",
        "gnomon.reference.cluster.leader:LeaderRole.publish_due",
        "due, is_last, self._new_cid(),",
        "due, is_last, entries[0].cid if entries else self._new_cid(),",
    ),
    Mutant(
        "the second is made up first",
        "PUB-3",
        "of several misfires the second goes out before the first",
        "gnomon.reference.cluster.leader:LeaderRole._catch_up",
        "        entries = list(due_entries(known, now, LARGEST_PUBLISH, self._new_cid))\n",
        "        entries = list(due_entries(known, now, LARGEST_PUBLISH, self._new_cid))\n"
        "        if known.misfire == 'all' and len(entries) > 2:\n"
        "            a, b, c = entries[:3]\n"
        "            entries[:3] = (\n"
        "                type(a)(a.job, a.revision, a.cursor, b.due, False, b.cid),\n"
        "                type(a)(a.job, a.revision, b.due + 1, a.due, False, a.cid),\n"
        "                type(a)(a.job, a.revision, a.due + 1, c.due, c.is_last, c.cid))\n",
    ),
    Mutant(
        "a paused store publishes what is on its way",
        "PAUSE-1",
        "only the leader knows that the cluster is paused, and its request was sent before",
        "gnomon.reference.store.memory:MemoryStore._publish",
        'None if self._jobs.paused is None else "paused"',
        "None",
    ),
    Mutant(
        "what was due in a pause is lost",
        "PAUSE-1",
        "to resume the cluster is to activate every job anew",
        "gnomon.reference.store.pause:PauseSwitch.resume",
        "        self._jobs.paused = None\n",
        "        self._jobs.paused = None\n"
        "        for kept in self._jobs.by_id.values():\n"
        "            if kept.cursor is not None:\n"
        "                kept.resume(now)\n",
    ),
    Mutant(
        "the end of a pause wakes nobody",
        "PAUSE-1",
        "a leader that has fallen asleep sleeps until a job is changed",
        "gnomon.reference.store.pause:PauseSwitch.resume",
        ", *self._jobs.report_pause(now)]",
        "]",
    ),
)
