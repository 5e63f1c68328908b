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
