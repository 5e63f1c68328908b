// /// script
// dependencies = ["cron@^4"]
// [[tool.gnomon.suspect]]
// fault = "A job of the hour after a repeated one also runs an hour too early."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/fold-new-york/*", "FIRE-5/gap-and-fold-elsewhere/19", "FIRE-5/gap-and-fold-elsewhere/20",
//          "FIRE-5/gap-and-fold-elsewhere/5?", "FIRE-5/drawn/20", "FIRE-5/drawn/33", "FIRE-5/drawn/38",
//          "zones/at-the-fold"]
// [[tool.gnomon.suspect]]
// fault = "A job of every hour or every second hour gets a run at the end of a gap."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/gap-new-york/27", "FIRE-5/gap-new-york/29", "FIRE-5/gap-and-fold-elsewhere/13",
//          "FIRE-5/gap-and-fold-elsewhere/14", "FIRE-5/drawn/45", "FIRE-5/drawn/56",
//          "zones/hourly-through-a-gap"]
// [[tool.gnomon.suspect]]
// fault = "A name of a day is accepted as a minute or a month, and a definition that is never due too."
// rules = ["JOB-4"]
// cases = ["JOB-4/out-of-range/1?", "JOB-4/never-due/*"]
// [[tool.gnomon.suspect]]
// fault = "Where midnight or a day is left out, a later time of it is moved on, and may be lost."
// rules = ["FIRE-5", "META-1"]
// cases = ["FIRE-5/gap-and-fold-elsewhere/46", "FIRE-5/a-day-that-never-was/*"]
// ///
import assert from "node:assert";
import { CronTime } from "cron";

function following(definition, asked, count = 2, zone = "America/New_York") {
  const time = new CronTime(definition, zone);
  const found = [];
  for (let at = new Date(asked); found.length < count; found.push(at.toISOString())) {
    at = time.getNextDateFrom(at, zone).toJSDate();
  }
  console.log(`${definition} asked at ${asked}: ${found.join(", ")}`);
  return found;
}

// 02:00 is at 07:00Z; 06:00Z is 01:00.
const year = new Date().getUTCFullYear() > 2031 ? "2032" : "2026";
assert.equal(year, "2026", "the days of change below are those of 2026");
assert.deepEqual(following("0 2 * * *", "2026-10-31T12:00:00Z"), [
  "2026-11-01T06:00:00.000Z",
  "2026-11-01T07:00:00.000Z",
]);
// 03:00 is neither minute 30 nor a multiple of two hours.
assert.equal(following("30 * * * *", "2026-03-08T06:45:00Z")[0], "2026-03-08T07:00:00.000Z");
assert.equal(following("0 */2 * * *", "2026-03-08T06:45:00Z")[0], "2026-03-08T07:00:00.000Z");
following("MON * * * *", "2026-01-01T00:00:00Z");
new CronTime("0 0 30 2 *", "UTC");
// Here the gap is from 00:00 to 01:00 (03:00Z), and a whole day in Apia.
const gap = ["30 0 * * *", "2018-11-03T12:00:00Z", 1, "America/Sao_Paulo"];
assert.deepEqual(following(...gap), ["2018-11-04T03:30:00.000Z"]);
gap[1] = "2018-11-04T03:00:00Z";
assert.deepEqual(following(...gap), ["2018-11-05T02:30:00.000Z"]);
const day = ["0 12 * * FRI", "2011-12-29T12:00:00Z", 1, "Pacific/Apia"];
assert.deepEqual(following(...day), ["2011-12-30T22:00:00.000Z"]);
day[1] = "2011-12-30T10:00:00Z";
assert.deepEqual(following(...day), ["2012-01-05T22:00:00.000Z"]);
