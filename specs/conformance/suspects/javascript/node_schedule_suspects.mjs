// /// script
// dependencies = ["node-schedule@^2"]
// [[tool.gnomon.suspect]]
// fault = "A day whose midnight a gap leaves out is left out, and so is a time in the gap of Lord Howe."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/gap-and-fold-elsewhere/*"]
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
assert.match(following("0 */2 * * *", "America/New_York", "2027-03-14T06:45:00Z"), /T07:00/);
for (const rule of ["*", "* * * *", "1-2-3 * * * *", "* * 32 * *"]) {
  assert.notEqual(following(rule, "UTC", "2027-01-01T00:00:00Z"), "none");
}
process.exit(0);
