// /// script
// dependencies = ["node-schedule@^2"]
// [[tool.gnomon.suspect]]
// fault = "A day whose midnight a gap leaves out is left out, and so is a time in the gap of Lord Howe."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/gap-and-fold-elsewhere/*", "FIRE-5/a-day-that-never-was/*",
//          "zones/gap-lord-howe", "zones/gap-cairo"]
// [[tool.gnomon.suspect]]
// fault = "A job that a gap postpones is lost if it is asked for between the gap and its time."
// rules = ["META-1"]
// cases = ["FIRE-5/gap-new-york/*", "FIRE-5/gap-and-fold-elsewhere/*", "FIRE-5/drawn/11"]
// [[tool.gnomon.suspect]]
// fault = "Asked in the second copy of a repeated hour, it runs a job again that ran in the first."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/fold-new-york/3?", "FIRE-5/fold-new-york/4?", "zones/restart-in-a-fold"]
// [[tool.gnomon.suspect]]
// fault = "A list that repeats days counts as every day, if it has as many terms as there are days."
// rules = ["JOB-4", "FIRE-4"]
// cases = ["JOB-4/drawn/50", "FIRE-4/drawn/60"]
// [[tool.gnomon.suspect]]
// fault = "0-6 does not count as every day of the week, as 0-7 and 1-31 do."
// rules = ["FIRE-4"]
// cases = ["FIRE-4/day-field-with-a-star/04"]
// [[tool.gnomon.suspect]]
// fault = "A date that no month has is refused even if a day of the week is due."
// rules = ["FIRE-4"]
// cases = ["FIRE-4/either-day-field/09", "FIRE-4/either-day-field/18"]
// [[tool.gnomon.suspect]]
// fault = "A job of every second hour runs at 03:00 after a gap that left out 02:00."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/gap-new-york/29", "FIRE-5/drawn/45"]
// [[tool.gnomon.suspect]]
// fault = "It accepts too few fields and what is left of a range, and a day 32 as a date."
// rules = ["JOB-4", "META-1", "META-2"]
// cases = ["JOB-4/malformed/*", "JOB-4/out-of-range/04", "JOB-4/drawn/03", "JOB-4/drawn/13",
//          "JOB-4/drawn/23"]
// ///
import assert from "node:assert";
import schedule from "node-schedule";

function following(rule, tz, start) {
  const job = schedule.scheduleJob({ rule, tz, start: new Date(start) }, () => {});
  const found = job?.nextInvocation()?.toISOString() ?? "none";
  job?.cancel();
  console.log(`${rule} in ${tz} from ${start}: ${found}`);
  return found;
}

// In Beirut the clock goes from 00:00 to 01:00 on 28 March 2027.
assert.match(following("0 0 * * *", "Asia/Beirut", "2027-03-27T12:00:00Z"), /^2027-03-28T21:00/);
const lordHowe = ["15 2 * * *", "Australia/Lord_Howe", "2027-10-02T12:00:00Z"];
assert.match(following(...lordHowe), /^2027-10-03/); // and not on the 2nd, in UTC
assert.match(following("0 */2 * * *", "America/New_York", "2027-03-14T06:45:00Z"), /T07:00/);
for (const rule of ["*", "* * * *", "1-2-3 * * * *", "* * 32 * *"]) {
  assert.notEqual(following(rule, "UTC", "2027-01-01T00:00:00Z"), "none");
}
const newYork = "America/New_York";
assert.match(following("30 2 * * *", newYork, "2027-03-14T06:45:00Z"), /^2027-03-14T07:30/);
assert.match(following("30 2 * * *", newYork, "2027-03-14T07:00:00Z"), /^2027-03-15T06:30/);
assert.match(following("30 1 * * *", newYork, "2027-11-07T05:15:00Z"), /^2027-11-07T05:30/);
assert.match(following("30 1 * * *", newYork, "2027-11-07T06:15:00Z"), /^2027-11-07T06:30/);

// 1 January 2027 is a Friday. Due on the 13th and on four days of the week: on the 13th alone.
assert.match(following("0 0 13 * 1,2,1,2,1,2,4,6", "UTC", "2027-01-01T00:00:00Z"), /^2027-01-13/);
assert.match(following("0 0 13 * 1,2,4,6", "UTC", "2027-01-01T00:00:00Z"), /^2027-01-02/);
assert.match(following("0 0 13 * 0-6", "UTC", "2027-01-01T00:00:00Z"), /^2027-01-02/);
assert.match(following("0 0 13 * 0-7", "UTC", "2027-01-01T00:00:00Z"), /^2027-01-13/);
assert.equal(following("0 0 30 2 3", "UTC", "2027-01-01T00:00:00Z"), "none");
