# /// script
# requires-python = ">=3.11"
# [tool.gnomon]
# levels = ["tick"]
# check = [
#   "sh", "-c",
#   "command -v cron && ls /usr/lib/*/faketime/libfaketime.so.1 && unshare --mount true",
# ]
# debian = ["cron", "faketime", "util-linux"]
# ///
"""Adapter: Debian's cron, a real daemon under libfaketime.

The daemon sleeps until a second after the next minute. At the instant at which it would wake, the
adapter sets its clock, interrupts the sleep by a signal (SIGCHLD, after which it looks at the clock
again), and waits until it sleeps again and has no child. So a minute takes about a millisecond, and
each run is known to belong to its wake. The daemon has mounts of its own: it sees no other crontab.
"""

import json
import os
import shlex
import signal
import subprocess
import time
from datetime import timedelta
from itertools import count
from pathlib import Path

from adapter_kit import Unsupported, serve

LONGEST = 2 * 86_400
"""Seconds that one `advance` may last: its reply is due within a minute."""
PRIVATE = ("/usr/bin/unshare", "--mount", "/bin/sh", "-e", "-c")
PATIENCE = 20.0
"""Seconds of real time within which the daemon runs the jobs of a wake."""
STARTED = "started"
DAEMON = """
mount -t tmpfs none /run
mount --bind "$0/crontabs" /var/spool/cron/crontabs
mount -t tmpfs none /etc/cron.d
mount --bind /dev/null /etc/crontab
LD_PRELOAD="$1" exec cron -f
"""


# A restart within the second copy of a repeated hour runs what the first copy has run.
PROFILE = {
    "restart_cron": "skipped",
    "clock_back": "repeats-if-large",
}


class Scheduler:
    observes = ()

    def open(self, store, now, zone, lag):
        self.folder, self.now, self.zone, self.lag = Path(store), now, zone, lag
        self.witness, self.clock = self.folder / "witness", self.folder / "clock"
        self.kept, self.table = self.folder / "jobs.json", self.folder / "crontabs" / "root"
        self.versions = count(int(time.time()) + 2)
        self.jobs = json.loads(self.kept.read_text()) if self.kept.exists() else {}
        self.table.parent.mkdir(exist_ok=True)
        self.write(self.jobs)
        self.set_clock()
        self.start()
        self.left = self.sleep()

    def start(self):
        """Start the daemon; it runs the job of @reboot when it has looked at the clock."""
        self.witness.write_text("")
        library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        self.daemon = subprocess.Popen(  # noqa: S603 - the daemon is the purpose
            [
                "/usr/bin/unshare",
                "--mount",
                "/bin/sh",
                "-e",
                "-c",
                DAEMON,
                str(self.folder),
                library,
            ],
            stdin=subprocess.DEVNULL,
            env={
                "PATH": f"{os.environ['PATH']}:/usr/sbin",
                "TZ": self.zone,
                "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                "FAKETIME_NO_CACHE": "1",
                "NO_FAKE_STAT": "1",
            },
        )
        self.wait_for(lambda: STARTED in self.witness.read_text())
        self.wake()

    def close(self):
        self.daemon.terminate()
        self.daemon.wait()

    # --- the crontab

    def create(self, job):
        if unknown := set(job) - {"id", "cron", "zone", "payload"}:
            raise Unsupported(", ".join(sorted(unknown)))
        if job.get("zone", "UTC") != self.zone:
            raise Unsupported("a time zone other than that of the daemon")
        self.write(self.jobs | {job["id"]: job["cron"]})

    edit = create

    def delete(self, name):
        self.write({id: cron for id, cron in self.jobs.items() if id != name})

    def write(self, jobs):
        """Write the crontab. The daemon reads it again if the time of its change is another."""
        self.jobs = jobs
        self.kept.write_text(json.dumps(jobs))
        lines = [f"{cron} {self.command(json.dumps(id))}" for id, cron in jobs.items()]
        lines.append(f"@reboot {self.command(STARTED)}")
        self.table.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        self.table.chmod(0o600)
        version = next(self.versions)
        os.utime(self.table, (version, version))
        os.utime(self.table.parent, (version, version))

    def command(self, text):
        return f"echo {shlex.quote(text)} >> {shlex.quote(str(self.witness))}"

    # --- the clock

    def advance(self, by):
        if by > LONGEST:
            raise Unsupported("more than two days at once: the daemon wakes each minute")
        fired = []
        while self.left + self.lag <= by:
            slept = self.left + self.lag
            by -= slept
            self.now += timedelta(seconds=slept)
            self.set_clock()
            fired += [{"job": json.loads(line), "at": self.now} for line in self.wake()]
            self.left = self.sleep()
        self.now += timedelta(seconds=by)
        self.left -= by
        return fired

    def step(self, by):
        self.now += timedelta(seconds=by)

    def sleep(self):
        """How long the daemon sleeps from now: full seconds, to one after the next minute."""
        return 60 - self.now.second + 1

    def set_clock(self):
        """Set the clock of the daemon: a distance from the real one."""
        part = self.clock.with_name("clock.new")
        part.write_text(f"{self.now.timestamp() - time.time():+.6f}")
        part.replace(self.clock)

    def wake(self):
        """Let the daemon look at the clock, and return what the jobs that it starts wrote.

        After a change of offset it starts the jobs of the time that was skipped ten seconds after
        the others, or when one of these has ended: so it is woken until it starts no more.
        """
        found = []
        while True:
            slept = self.sleeps()
            self.daemon.send_signal(signal.SIGCHLD)
            self.wait_for(lambda: self.sleeps() > slept and self.is_idle())  # noqa: B023
            lines = self.witness.read_text("utf-8").splitlines()
            if not lines:
                return found
            self.witness.write_text("")
            found += [line for line in lines if line != STARTED]

    def sleeps(self):
        """How often the daemon has gone to sleep, or waited otherwise."""
        line = next(one for one in self.process("status").splitlines() if one.startswith("volun"))
        return int(line.split()[1])

    def is_idle(self):
        """Whether the daemon sleeps, goes on to do so for a moment, and all jobs have ended."""
        slept = self.sleeps()
        for _ in range(2):
            if "nanosleep" not in self.process("wchan"):
                return False
            if self.process("task", str(self.daemon.pid), "children"):
                return False
            time.sleep(0.0005)
        return self.sleeps() == slept

    def process(self, *names):
        """What the system knows about the daemon."""
        return Path("/proc", str(self.daemon.pid), *names).read_text()

    def wait_for(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self.daemon.poll() is not None:
                raise RuntimeError(f"cron has ended with status {self.daemon.returncode}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"cron does not answer: {self.process('stat')}")
            time.sleep(0.0005)


def version():
    asked = ["/usr/bin/dpkg-query", "-W", "-f", "${Version}", "cron"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout  # noqa: S603


if __name__ == "__main__":
    serve("cron", None, Scheduler, language="c", release=version(), profile=PROFILE)
