# /// script
# requires-python = ">=3.11"
# dependencies = ["greenlet", "time-machine", "tzdata"]
# ///
"""An adapter on the clock kit: loops of each kind that the kit moves, in place of a scheduler.

The id of a job names its loop. A payload is what the loop sees of the clocks.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime

sys.path.insert(0, sys.argv[1])  # the folder of the kit
import clock_kit
from adapter_kit import serve


class Loops(clock_kit.JobsInCode):
    observes = ("payload",)

    def start(self) -> None:
        for name in self.jobs:
            self.fire(name, payload="start")
        self.event = clock_kit.Event()
        self.threads = [
            clock_kit.clock.run(getattr(self, name), job["every"])
            for name, job in self.jobs.items()
        ]

    def stop(self) -> None:
        for thread in self.threads:
            thread.stop(KeyboardInterrupt)

    def execute(self, name: str) -> None:
        self.event.set()

    def sleep(self, every: float) -> None:
        started = time.monotonic()
        while True:
            time.sleep(every)
            self.fire("sleep", payload=f"{time.monotonic() - started:g}")

    def wait(self, every: float) -> None:
        while True:
            was_set = self.event.wait(every)
            self.event.clear()
            self.fire("wait", payload=f"{was_set}")

    def asynchronous(self, every: float) -> None:
        async def main() -> None:
            while True:
                await asyncio.sleep(every)
                self.fire("asynchronous", payload=f"{datetime.now(UTC):%H:%M}")

        clock_kit.EventLoop().run_until_complete(main())

    def local(self, every: float) -> None:
        while True:
            time.sleep(every)
            now = datetime.now(UTC).astimezone()
            self.fire("local", payload=f"{now:%H:%M %Z}")

    def pool(self, every: float) -> None:
        while True:
            time.sleep(every)
            clock_kit.Pool().submit(self.work, every)

    def work(self, every: float) -> None:
        self.fire("pool", payload="began")
        time.sleep(every / 2)
        self.fire("pool", payload="ended")

    def polling(self, every: float) -> None:
        looks = 0
        while True:
            passed = time.time() % every
            if passed == 0 and looks:
                self.fire("polling", payload=f"{looks} looks")
            time.sleep(clock_kit.clock.idle_polls(1, every - passed - 1))
            looks += 1

    def polling_loop(self, every: float) -> None:
        async def main() -> None:
            looks = 0
            while True:
                if time.time() % every == 0 and looks:
                    self.fire("polling_loop", payload=f"{looks} looks")
                await asyncio.sleep(1)
                looks += 1

        loop = clock_kit.EventLoop(1, lambda: every - time.time() % every - 1)
        loop.run_until_complete(main())

    def broken(self, every: float) -> None:
        time.sleep(every)
        raise OSError("the disk is full")


if __name__ == "__main__":
    serve("greenlet", scheduler=Loops)
