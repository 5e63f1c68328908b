"""Mutants that lose a message, deliver it twice, or let it wait (DLV, OVER, WORK)."""

from gnomon.simulator.mutants.patch import Mutant

MUTANTS = (
    Mutant(
        "two claims of one message",
        "DLV-1",
        "it leaves the backlog only when the second worker has claimed it",
        "gnomon.reference.store.messages:MessageQueue._assign",
        "            message, attempt = self._backlog.popleft(), 1\n",
        "            message, attempt = self._backlog[0], 1\n"
        "            if any(held is message for held, _ in self._held.values()):\n"
        "                self._backlog.popleft()\n",
    ),
    Mutant(
        "taken back without a word",
        "DLV-1",
        "that the message is no longer its first holder's is in no history",
        "gnomon.reference.store.messages:MessageQueue._put_back",
        "self._record(events.Reclaimed(now, message.id, *worker, attempt))",
        "pass",
    ),
    Mutant(
        "a live server's messages are reclaimed",
        "DLV-2",
        "a run that takes longer than a beat is run again beside itself",
        "gnomon.reference.store.messages:MessageQueue.take_back",
        "        if now < self._none_lapses_before:\n"
        "            return []\n"
        "        lapsed = [name for name, until in self._alive_until.items() if until <= now]\n",
        "        lapsed = [name for name, until in self._alive_until.items()\n"
        "                  if until <= now + 4_000_000]\n",
    ),
    Mutant(
        "a dead server lives for as long as the clock was ahead",
        "DLV-2",
        "heartbeats by a wrong clock count as they are, and nobody takes over the messages",
        "gnomon.reference.store.messages:MessageQueue.set_back",
        "min(until, now + lease)",
        "until",
    ),
    Mutant(
        "acknowledged before it is run",
        "DLV-2",
        "a message is forgotten when it has been claimed (Zato 1.x and HEAD)",
        "gnomon.reference.store.messages:MessageQueue.take_back",
        "self._take_from(now, self._held_by(lapsed))",
        "self._held = {w: held for w, held in self._held.items() if w[0] not in lapsed}",
    ),
    Mutant(
        "what was completed is handed out again",
        "DLV-2",
        "that a draining server's run has ended is not noted",
        "gnomon.reference.store.messages:MessageQueue.complete",
        "        if accepted:\n            del self._held[worker]\n",
        "",
    ),
    Mutant(
        "a message has as many attempts as it takes",
        "DLV-2",
        "a run that ends its process ends one server after another, for ever",
        "gnomon.reference.store.messages:MessageQueue._put_back",
        "if attempt % self.max_attempts == 0:",
        "if False:",
    ),
    Mutant(
        "the last attempt is left out",
        "DLV-2",
        "a message is dead-lettered although it has an attempt left",
        "gnomon.reference.store.messages:MessageQueue._put_back",
        "if attempt % self.max_attempts == 0:",
        "if (attempt + 1) % self.max_attempts == 0:",
    ),
    Mutant(
        "the attempts before it was put back count",
        "DLV-2",
        "a message that is put back is dead after one more attempt",
        "gnomon.reference.store.messages:MessageQueue._put_back",
        "if attempt % self.max_attempts == 0:",
        "if attempt >= self.max_attempts:",
    ),
    Mutant(
        "a dropped message is run all the same",
        "HIST-1",
        "it is recorded as dropped, and stays in the queue",
        "gnomon.reference.store.messages:MessageQueue.drop",
        "            self._remove_waiting(id)\n",
        "            pass\n",
    ),
    Mutant(
        "dead-lettered and put back all the same",
        "DLV-6",
        "a message that has had its attempts is recorded as dead, and handed out again",
        "gnomon.reference.store.messages:MessageQueue._put_back",
        "        else:\n            insort(",
        "        if True:\n            insort(",
    ),
    Mutant(
        "a message lives for an hour",
        "DLV-3",
        "classic: what nobody claims in 15 s is kept, and run late",
        "gnomon.reference.store.classic:ClassicQueue.publish",
        "now + MESSAGE_LIFE",
        "now + 240 * MESSAGE_LIFE",
        "classic",
    ),
    Mutant(
        "a message lives until somebody looks",
        "DLV-3",
        "classic: that it is gone is noted when another is claimed, and not before",
        "gnomon.reference.store.classic:ClassicQueue._expire",
        "self._gone_at[0] <= now:",
        "self._gone_at[0] + 5 * SECOND <= now:",
        "classic",
    ),
    Mutant(
        "classic keeps what a dead server held",
        "DLV-1",
        "it is given away a second time",
        "gnomon.reference.store.classic:ClassicQueue._put_back",
        "        message, attempt = self._held.pop(worker)\n",
        "        message, attempt = self._held.pop(worker)\n"
        "        self._backlog.appendleft(message)\n"
        "        self._gone_at.appendleft(now + MESSAGE_LIFE)\n",
        "classic",
    ),
    Mutant(
        "the leader stands aside",
        "DLV-4",
        "it leaves the running to the others",
        "gnomon.reference.store.memory:MemoryStore._campaign",
        "operation.claims)",
        "() if self._leader == server else operation.claims)",
    ),
    Mutant(
        "the backlog is served last in, first out",
        "DLV-5",
        "whoever has waited longest waits on",
        "gnomon.reference.store.messages:MessageQueue._assign",
        "self._backlog.popleft()",
        "self._backlog.pop()",
    ),
    Mutant(
        "put aside for no reason",
        "DLV-6",
        "what is not ASCII cannot be read, and nobody is told why",
        "gnomon.reference.store.messages:MessageQueue.publish",
        "        self._backlog.append(message)\n",
        "        if not (message.payload or '').isascii():\n"
        "            self._record(events.DeadLettered(now, message.id, ''))\n"
        "            return None\n"
        "        self._backlog.append(message)\n",
    ),
    Mutant(
        "put aside and handed out again",
        "DLV-6",
        "a message that cannot be read comes back for ever",
        "gnomon.reference.store.messages:MessageQueue._assign",
        "        self._held[worker] = (message, attempt)\n",
        "        if not (message.payload or '').isascii():\n"
        "            self._record(events.DeadLettered(now, message.id, 'it is not ASCII'))\n"
        "        self._held[worker] = (message, attempt)\n",
    ),
    Mutant(
        "any server is given any message",
        "DLV-7",
        "while a deployment lasts, a server fails runs that others could do",
        "gnomon.reference.store.waiting:WaitingMessages._place_for",
        "left = self._left.get(server)",
        "left = None",
    ),
    Mutant(
        "what nobody can run waits for ever",
        "WORK-2",
        "the messages of a service whose last server has died are left to that server",
        "gnomon.reference.store.waiting:WaitingMessages._drop_services",
        "if self._services.keys().isdisjoint(servers):",
        "if True:",
    ),
    Mutant(
        "a run waits for the one before",
        "OVER-1",
        "a server begins no run of a job of which it is running another",
        "gnomon.reference.cluster.server:Server._assign",
        "        if claim is None or claim.turn != operation.turn:\n",
        "        busy = {run.message.job for run in self._runs.values()}\n"
        "        if claim is None or claim.turn != operation.turn or reply.message.job in busy:\n",
    ),
    Mutant(
        "one run at a time is left out",
        "OVER-1",
        "what comes while the job is running is not run (APScheduler's max_instances)",
        "gnomon.reference.cluster.server:Server._assign",
        "        del self._claims[worker]\n",
        "        del self._claims[worker]\n"
        "        if any(r.message.job == reply.message.job for r in self._runs.values()):\n"
        "            return []\n",
    ),
    Mutant(
        "a lost reply is not given again",
        "OVER-1",
        "the worker holds a message that it has never seen",
        "gnomon.reference.store.messages:MessageQueue.claim",
        "                return [(server, operation, Assignment(now, message, attempt))]\n",
        "                return []\n",
    ),
    Mutant(
        "who hears nothing asks on",
        "LEAD-3",
        "a server that no answer reaches keeps the lease, and messages that it cannot run",
        "gnomon.reference.cluster.server:Server._may_be_declared_dead",
        "confirmed_at >= self._lease",
        "confirmed_at >= 1_000 * self._lease",
    ),
    Mutant(
        "a job has one worker at a time",
        "OVER-2",
        "its message waits in the queue while another of it is held",
        "gnomon.reference.store.messages:MessageQueue.publish",
        "if self._idle:",
        "if self._idle and all(held.job != message.job for held, _ in self._held.values()):",
    ),
    Mutant(
        "messages live for 15 seconds",
        "WORK-1",
        "what the workers do not come to in that time is gone, and nobody knows (Zato 1.x)",
        "gnomon.reference.store.messages:MessageQueue.claim",
        "        held = self._held.get(worker)\n",
        "        held = self._held.get(worker)\n"
        "        while self._backlog and self._backlog[0].due < now - 15_000_000:\n"
        "            self._backlog.popleft()\n",
    ),
    Mutant(
        "the backlog has an end",
        "WORK-1",
        "the stream is trimmed, and what waits at its head is gone (Zato HEAD)",
        "gnomon.reference.store.messages:MessageQueue.publish",
        "        self._backlog.append(message)\n",
        "        self._backlog.append(message)\n"
        "        if len(self._backlog) > 10:\n"
        "            self._backlog.popleft()\n",
    ),
    Mutant(
        "workers look for work now and then",
        "WORK-2",
        "a claim that finds nothing is not kept, and made again with the next beat",
        "gnomon.reference.store.messages:MessageQueue.claim",
        "        self._idle[worker] = operation\n",
        "",
    ),
    Mutant(
        "what comes back is waited for",
        "WORK-2",
        "a message that was taken back wakes no worker",
        "gnomon.reference.store.messages:MessageQueue._hand_out",
        "while self._idle and self._returned:",
        "while self._idle and len(self._returned) > 3:",
    ),
    Mutant(
        "the odd worker starts late",
        "WORK-3",
        "a microsecond, and a younger message overtakes",
        "gnomon.simulator.world.cluster:Node._do",
        "self._begin(now, output)",
        "self._at(now + output.worker % 2, self._begin, output)",
    ),
    Mutant(
        "a worker retires after a run that was run before",
        "WORK-4",
        "workers vanish one by one",
        "gnomon.reference.cluster.server:Server.finish",
        "        if self.is_draining:\n",
        "        if self.is_draining or run.attempt > 1:\n",
    ),
    Mutant(
        "a worker dies with its service",
        "WORK-4",
        "who has run something that failed claims nothing any more",
        "gnomon.simulator.world.cluster:Node._end",
        "        self._do(now, self.server.finish(self._clock(now), worker))\n",
        "        if error is None:\n"
        "            self._do(now, self.server.finish(self._clock(now), worker))\n",
    ),
)
