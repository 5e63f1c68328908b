// /// script
// dependencies = ["croner@^11"]
// [[tool.gnomon.suspect]]
// fault = "A job of a day that a zone leaves out is not due at the first time after it."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/a-day-that-never-was/*"]
// ///
import assert from "node:assert";
import { Cron } from "croner";

// Apia had no 30 December 2011. The README: what is left out runs at the first valid time after it.
const job = new Cron("0 12 30 12 *", { timezone: "Pacific/Apia", paused: true });
const found = job.nextRun(new Date("2011-12-29T12:00:00Z")).toISOString();
console.log(`0 12 30 12 * in Apia: ${found}`);
assert.equal(found, "2012-12-29T22:00:00.000Z");
