// /// script
// dependencies = ["cron-parser@^5"]
// [[tool.gnomon.suspect]]
// adapters = ["bullmq"]
// fault = "A job that a gap postpones is lost if it is asked for between the gap and its time."
// rules = ["META-1"]
// cases = ["FIRE-5/gap-*"]
// [[tool.gnomon.suspect]]
// adapters = ["bullmq"]
// fault = "Asked in the second copy of a repeated hour, it runs a job again that ran in the first."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/fold-new-york/3?", "FIRE-5/fold-new-york/4?"]
// [[tool.gnomon.suspect]]
// adapters = ["bullmq"]
// fault = "A job of every second hour runs at 03:00 after a gap that left out 02:00."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/gap-new-york/29", "FIRE-5/drawn/45"]
// [[tool.gnomon.suspect]]
// fault = "Midnight, where it is repeated, is due in its second copy or not at all."
// rules = ["FIRE-5", "META-1"]
// cases = ["FIRE-5/gap-and-fold-elsewhere/33", "FIRE-5/gap-and-fold-elsewhere/34"]
// [[tool.gnomon.suspect]]
// fault = "A day that a zone left out, or a time in the gap of Lord Howe, is left out."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/gap-and-fold-elsewhere/14", "FIRE-5/a-day-that-never-was/*"]
// [[tool.gnomon.suspect]]
// fault = "It finds no next time where Lord Howe repeats half an hour."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/gap-and-fold-elsewhere/20"]
// ///
import assert from "node:assert";
import { CronExpressionParser } from "cron-parser";

function following(definition, currentDate, tz = "America/New_York") {
  const found = CronExpressionParser.parse(definition, { currentDate, tz }).next().toISOString();
  console.log(`${definition} asked at ${currentDate}: ${found}`);
  return found.replace(".000Z", "Z");
}

assert.equal(following("30 2 * * *", "2024-03-10T06:45:00Z"), "2024-03-10T07:30:00Z");
assert.equal(following("30 2 * * *", "2024-03-10T07:10:00Z"), "2024-03-11T06:30:00Z");
assert.equal(following("30 1 * * *", "2024-11-03T05:15:00Z"), "2024-11-03T05:30:00Z");
assert.equal(following("30 1 * * *", "2024-11-03T05:30:00Z"), "2024-11-04T06:30:00Z");
assert.equal(following("30 1 * * *", "2024-11-03T06:15:00Z"), "2024-11-03T06:30:00Z");
assert.equal(following("0 */2 * * *", "2024-03-10T06:45:00Z"), "2024-03-10T07:00:00Z");
const havana = ["0 0 * * *", "2024-11-02T12:00:00Z", "America/Havana"];
assert.equal(following(...havana), "2024-11-03T05:00:00Z");
assert.equal(following("0 0 * * *", "2024-11-03T04:59:59Z", "America/Havana"), "2024-11-04T05:00:00Z");

const lordHowe = "Australia/Lord_Howe";
assert.equal(following("15 2 * * *", "2024-10-05T00:00:00Z", lordHowe), "2024-10-06T15:15:00Z");
assert.throws(() => following("15 2 * * *", "2024-04-06T00:00:00Z", lordHowe), /loop limit/);
const apia = ["0 12 * * FRI", "2011-12-29T12:00:00Z", "Pacific/Apia"];
assert.equal(following(...apia), "2012-01-05T22:00:00Z");
