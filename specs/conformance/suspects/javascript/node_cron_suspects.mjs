// /// script
// dependencies = ["node-cron@^4"]
// [[tool.gnomon.suspect]]
// fault = "A repeated time is due in its second copy east of Greenwich, and in its first one west of it."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/gap-and-fold-elsewhere/07", "FIRE-5/gap-and-fold-elsewhere/08", "FIRE-5/drawn/*"]
// [[tool.gnomon.suspect]]
// fault = "It accepts numbers that are out of range in a range that runs backwards."
// rules = ["JOB-4"]
// cases = ["JOB-4/drawn/15"]
// [[tool.gnomon.suspect]]
// fault = "In the repeated hour of its process's time zone it takes the present for an hour earlier: what is due then does not run, and it wakes at every millisecond until the hour is over."
// rules = ["FIRE-4", "FIRE-5"]
// cases = ["zones/fold-warsaw", "zones/fold-lord-howe", "zones/fold-cairo"]
// ///
import assert from "node:assert";
import cron from "node-cron";

assert.equal(cron.validate("99-44 * * * *"), true);
assert.equal(cron.validate("99 * * * *"), false);

/** The instants within a day that a task matches; it offers no way to ask from an instant. */
function matched(definition, timezone, day) {
  const task = cron.createTask(definition, () => {}, { timezone });
  const found = [];
  const realNow = Date;
  const start = Date.parse(`${day}T00:00:00Z`) - 12 * 3600_000;
  globalThis.Date = class extends realNow {
    constructor(...given) {
      super(...(given.length ? given : [start]));
    }
  };
  try {
    task.start();
    found.push(task.getNextRun().toISOString());
    task.destroy();
  } finally {
    globalThis.Date = realNow;
  }
  console.log(`${definition} in ${timezone}: ${found}`);
  return found[0];
}

// In Warsaw 02:30 is at 00:30Z and at 01:30Z; in New York 01:30 is at 05:30Z and at 06:30Z.
assert.equal(matched("30 2 * * *", "Europe/Warsaw", "2024-10-27"), "2024-10-27T01:30:00.000Z");
assert.equal(matched("30 1 * * *", "America/New_York", "2024-11-03"), "2024-11-03T05:30:00.000Z");

/** How long it waits (ms) after it was started at the first of these instants, and woken at the others. */
function waits(definition, timezone, instants) {
  const real = { Date, setTimeout };
  let now, wake;
  const delays = [];
  globalThis.Date = class extends real.Date {
    constructor(...given) {
      super(...(given.length ? given : [now]));
    }
  };
  globalThis.setTimeout = (call, delay) => {
    wake = call;
    delays.push(delay);
  };
  try {
    now = Date.parse(instants[0]);
    const task = cron.schedule(definition, () => {}, { timezone });
    for (const instant of instants.slice(1)) {
      now = Date.parse(instant);
      wake();
    }
    task.destroy();
  } finally {
    Object.assign(globalThis, real);
  }
  console.log(`${definition} in ${timezone}, process in ${process.env.TZ}: it waits ${delays} ms`);
  return delays;
}

// It sets the milliseconds of the present to 0, which a Date does in the time zone of the process:
// in a repeated hour that makes it the first of the two.
process.env.TZ = "Europe/Warsaw";
const present = new Date("2024-10-27T01:30:00.001Z");
present.setMilliseconds(0);
assert.equal(present.toISOString(), "2024-10-27T00:30:00.000Z");

// The day before, at the second 02:30, a millisecond and a quarter of an hour later, and when the
// repeated hour is over.
const instants = [
  "2024-10-26T18:00:00Z",
  "2024-10-27T01:30:00Z",
  "2024-10-27T01:30:00.001Z",
  "2024-10-27T01:45:00Z",
  "2024-10-27T02:00:00Z",
];
const due = 7.5 * 3600_000;
assert.deepEqual(waits("30 2 * * *", "Europe/Warsaw", instants), [due, 0, 0, 0, 23.5 * 3600_000]);
process.env.TZ = "UTC";
assert.equal(waits("30 2 * * *", "Europe/Warsaw", instants.slice(0, 2))[1], 24 * 3600_000);
