// /// script
// dependencies = ["toad-scheduler@^4"]
// [[tool.gnomon.suspect]]
// fault = "A job that a gap postpones is lost if it is asked for between the gap and its time."
// rules = ["META-1", "FIRE-5", "LEAD-4"]
// cases = ["FIRE-5/gap-new-york/01", "FIRE-5/gap-new-york/06", "FIRE-5/gap-new-york/14",
//          "FIRE-5/gap-new-york/17", "FIRE-5/gap-new-york/22", "FIRE-5/gap-new-york/30",
//          "FIRE-5/gap-and-fold-elsewhere/*", "FIRE-5/a-day-that-never-was/01",
//          "FIRE-5/a-day-that-never-was/04", "FIRE-5/drawn/11", "zones/gap-*"]
// [[tool.gnomon.suspect]]
// fault = "The hour, or the day, after a gap comes twice: it answers with one instant two times."
// rules = ["FIRE-5", "META-1"]
// cases = ["FIRE-5/gap-new-york/08", "FIRE-5/gap-new-york/15", "FIRE-5/gap-new-york/24",
//          "FIRE-5/gap-new-york/26", "FIRE-5/gap-new-york/27", "FIRE-5/gap-new-york/28",
//          "FIRE-5/gap-new-york/31", "FIRE-5/a-day-that-never-was/02",
//          "FIRE-5/a-day-that-never-was/03"]
// [[tool.gnomon.suspect]]
// fault = "Asked in the second copy of a repeated hour, it answers with a time of the first one."
// rules = ["FIRE-5", "META-1"]
// cases = ["FIRE-5/fold-new-york/3?", "FIRE-5/fold-new-york/4?", "zones/restart-in-a-fold"]
// [[tool.gnomon.suspect]]
// fault = "Where Lord Howe repeats half an hour, a job runs in the second copy of its time."
// rules = ["FIRE-5"]
// cases = ["zones/fold-lord-howe"]
// [[tool.gnomon.suspect]]
// fault = "A ? as a day field lets every day match, although it is documented to be as *."
// rules = ["JOB-4"]
// cases = ["JOB-4/extensions/01", "JOB-4/extensions/02", "JOB-4/drawn/24",
//          "JOB-4/drawn/38"]
// ///
// Faults of croner 10, which toad-scheduler installs for its cron definitions.
import assert from "node:assert";
import { Cron } from "croner";

function following(definition, asked, count = 1, timezone = "America/New_York") {
  const runs = new Cron(definition, { timezone, paused: true }).nextRuns(count, new Date(asked));
  const found = runs.map((run) => run.toISOString().slice(0, 16));
  console.log(`${definition} asked at ${asked}: ${found.join(", ")}`);
  return found;
}

assert.deepEqual(following("30 2 * * *", "2024-03-10T06:45:00Z"), ["2024-03-10T07:30"]);
assert.deepEqual(following("30 2 * * *", "2024-03-10T07:00:00Z"), ["2024-03-11T06:30"]);
for (const definition of ["0 * * * *", "30 2,3 * * *"]) {
  const [first, second] = following(definition, "2024-03-10T06:45:00Z", 2);
  assert.equal(first, second);
}
const [before, , , , after] = following("*/15 * * * *", "2024-03-10T06:45:00Z", 5);
assert.equal(before, after);
const [day, again] = following("0 0 * * *", "2011-12-29T12:00:00Z", 2, "Pacific/Apia");
assert.equal(day, again);
assert.deepEqual(following("30 1 * * *", "2024-11-03T06:15:00Z"), ["2024-11-03T05:30"]);
const lordHowe = ["45 1 * * *", "2026-04-04T14:30:00Z", 1, "Australia/Lord_Howe"];
assert.deepEqual(following(...lordHowe), ["2026-04-04T15:15"]);
assert.deepEqual(following("0 0 ? * MON", "2026-01-01T00:00:00Z", 1, "UTC"), ["2026-01-02T00:00"]);
assert.deepEqual(following("0 0 * * MON", "2026-01-01T00:00:00Z", 1, "UTC"), ["2026-01-05T00:00"]);
