// /// script
// dependencies = ["bullmq@^6"]
// [[tool.gnomon.suspect]]
// fault = "A day whose midnight a gap leaves out is left out, and so is a time in the gap of Lord Howe."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/gap-and-fold-elsewhere/14", "FIRE-5/gap-and-fold-elsewhere/27",
//          "FIRE-5/gap-and-fold-elsewhere/28", "FIRE-5/gap-and-fold-elsewhere/39",
//          "FIRE-5/gap-and-fold-elsewhere/40", "FIRE-5/gap-and-fold-elsewhere/45",
//          "FIRE-5/gap-and-fold-elsewhere/46", "FIRE-5/a-day-that-never-was/*"]
// [[tool.gnomon.suspect]]
// fault = "It finds no next time where Lord Howe repeats half an hour."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/gap-and-fold-elsewhere/20"]
// [[tool.gnomon.suspect]]
// fault = "Midnight, where it is repeated, is due in its second copy."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/gap-and-fold-elsewhere/33", "FIRE-5/gap-and-fold-elsewhere/34"]
// [[tool.gnomon.suspect]]
// fault = "It accepts names of other fields, what is left of a range, and terms that go on."
// rules = ["JOB-4"]
// cases = ["JOB-4/out-of-range/14", "JOB-4/malformed/12", "JOB-4/drawn/*"]
// [[tool.gnomon.suspect]]
// fault = "It refuses one impossible date, but not several: such a job is silently never due."
// rules = ["JOB-4"]
// cases = ["JOB-4/never-due/03"]
// ///
import assert from "node:assert";
import { defaultRepeatStrategy } from "bullmq";

function following(pattern, asked, tz = "UTC") {
  const found = defaultRepeatStrategy(Date.parse(asked), { pattern, tz });
  const text = found ? new Date(found).toISOString() : "never";
  console.log(`${pattern} in ${tz} asked at ${asked}: ${text}`);
  return text.slice(0, 16);
}

// In Beirut the clock goes from 00:00 to 01:00 on 31 March, in Lord Howe from 02:00 to 02:30.
assert.equal(following("0 0 * * *", "2024-03-30T12:00:00Z", "Asia/Beirut"), "2024-03-31T21:00");
const lordHowe = "Australia/Lord_Howe";
assert.equal(following("15 2 * * *", "2024-10-05T00:00:00Z", lordHowe), "2024-10-06T15:15");
assert.equal(following("15 2 * * *", "2024-04-06T00:00:00Z", lordHowe), "never");
assert.equal(following("0 12 * * FRI", "2011-12-29T12:00:00Z", "Pacific/Apia"), "2012-01-05T22:00");
assert.equal(following("0 0 * * *", "2024-11-02T12:00:00Z", "America/Havana"), "2024-11-03T05:00");
for (const pattern of ["0 0 * MON *", "1-2-3 * * * *", "* */7 * *-*", "* 15-17 */10 * *-/2"]) {
  assert.notEqual(following(pattern, "2026-01-01T00:00:00Z"), "never");
}
assert.equal(following("0 0 31 2,4,6 *", "2026-01-01T00:00:00Z"), "never");
assert.throws(() => defaultRepeatStrategy(0, { pattern: "0 0 31 4 *", tz: "UTC" }));
