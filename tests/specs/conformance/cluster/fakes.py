"""Fakes of level cluster: an adapter, and the few lines of a scheduler that it deploys.

Run as a script: ``MODE`` is the adapter, ``MODE run STORE WITNESS EVERY PAYLOAD NAME`` an instance.
"""

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LEASE_S = 0.8

PROFILES: dict[str, dict[str, str]] = {
    "doubles_declared": {"cluster_instances": "each-runs-all"},
    "forgets_declared": {"cluster_interval_missed": "none"},
    "moves_declared": {"cluster_interval_grid": "from-the-restart"},
}


class Scheduler:
    """Fires every `every` seconds, from a state that all instances share."""

    def __init__(self, mode: str, store: str, witness: str, every: str, payload: str, name: str):
        self.mode = mode.removesuffix("_declared")
        self.state, self.witness = Path(store) / "state.json", Path(witness)
        self.every, self.payload, self.name = float(every), payload, f"{name}-{os.getpid()}"

    def run(self) -> None:
        print("ready", flush=True)
        if self.mode == "stale_lock":
            self.wait_for_lock_file()
        while True:
            with self.shared() as state:
                state.setdefault("due", time.time() + 0.1)
                is_leader, due = self.leads(state), state["due"]
                if is_leader and due <= time.time() and self.mode != "unfenced":
                    self.fire(state)
            time.sleep(0.08)  # long beside the time under the lock: SIGSTOP must not meet that
            if self.mode == "unfenced" and is_leader and due <= time.time():
                with self.shared() as state:  # it was the leader 80 ms ago
                    self.fire(state)

    def leads(self, state: dict[str, Any]) -> bool:
        if self.mode in ("doubles", "stale_lock"):
            return True
        if state.get("leader") in (None, self.name) or state["expires"] < time.time():
            if state.get("leader") != self.name and self.mode == "moves":
                missed = (time.time() - state["due"]) // self.every
                state["due"] += (missed + 0.5) * self.every
            if state.get("leader") != self.name and self.mode == "forgets":
                state["due"] += -((state["due"] - time.time()) // self.every) * self.every
            state |= {"leader": self.name, "expires": time.time() + LEASE_S}
        return bool(state["leader"] == self.name)

    def fire(self, state: dict[str, Any]) -> None:
        now = time.time()
        missed = int((now - state["due"]) // self.every)
        state["due"] += (missed + 1) * self.every
        at = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
        line = json.dumps({"job": "every-3s", "at": at, "payload": self.payload})
        if self.mode == "garbles":
            line = "ran"
        with self.witness.open("a") as file:
            file.write(line + "\n")

    def wait_for_lock_file(self) -> None:
        """Its holder removes the file when it ends in order, and never when it is killed."""
        lock = self.state.with_name("lock")
        while True:
            try:
                os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                time.sleep(0.05)
            else:
                break

        def leave(*_: object) -> None:
            lock.unlink()
            sys.exit()

        signal.signal(signal.SIGTERM, leave)

    @contextmanager
    def shared(self) -> Iterator[dict[str, Any]]:
        """The state, under a lock of the kernel. `doubles` has one for each instance."""
        file = self.state
        if self.mode == "doubles":
            file = file.with_name(f"{self.name}.json")
        with file.open("a+") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            handle.seek(0)
            state = json.loads(handle.read() or "{}")
            yield state
            handle.seek(0)
            handle.truncate()
            handle.write(json.dumps(state))


def deployment(mode: str, ask: dict[str, Any]) -> dict[str, Any]:
    job = ask["jobs"][0]
    if mode == "unable":
        return {"unsupported": "intervals"}
    words = [ask["store"], ask["witness"], str(job["every"]), job.get("payload", "")]
    base = [sys.executable, "-S", __file__, mode, "run", *words]
    instances = [
        {"command": [*base, f"{number}-{job['payload']}"], "ready": "ready"}
        for number in range(1, ask["instances"] + 1)
    ]
    if mode == "dies":
        instances[0]["command"] = [sys.executable, "-c", "raise SystemExit('no broker')"]
    if mode == "few":
        instances = instances[:1]
    return {"instances": instances}


def main() -> None:
    mode = sys.argv[1]
    if sys.argv[2:]:
        Scheduler(mode, *sys.argv[3:]).run()
    for line in sys.stdin:
        ask = json.loads(line)
        if ask["do"] == "bye":
            return
        if ask["do"] == "hello":
            reply: dict[str, Any] = {
                "protocol": 1,
                "implementation": {"name": mode, "version": "1", "language": "python"},
                "levels": ["next"] if mode == "no_level" else ["cluster"],
                "profile": {"cluster_takeover": "1s"} | PROFILES.get(mode, {}),
            }
        else:
            reply = deployment(mode, ask)
        print(json.dumps({"seq": ask["seq"]} | reply), flush=True)


if __name__ == "__main__":
    main()
