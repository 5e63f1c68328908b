// /// script
// dependencies = ["cron-parser@^5"]
// [tool.gnomon]
// levels = ["next"]
// ///
// Adapter: cron-parser, which BullMQ and agenda use.
import { CronExpressionParser } from "cron-parser";
import { Unsupported, refusing, repeated, serve } from "./adapter_kit.mjs";

const profile = {
  gap: "shifted",
  real_time: "hour",
  step_on_number: "to-end",
  range_to_sunday: "refused",
  nickname_case: "lower",
  overlaps: "refused",
  question_mark: "any",
  last_day: "accepted",
  nth_weekday: "and-last",
  sixth_field: "seconds-first",
};

// An expression of fewer than five fields, and an empty one, is completed with asterisks.
const known = ["01", "02", "03"].map((number) => ({
  rule: "JOB-4",
  scenario: `JOB-4/malformed/${number}`,
  url: "https://github.com/harrisiirak/cron-parser/issues/317",
}));

serve("cron-parser", (cron, zone, after, count) => {
  if (/\bH\b/.test(cron)) throw new Unsupported("H, which is documented to be a random number");
  return refusing(() => {
    const dates = CronExpressionParser.parse(cron, { currentDate: after, tz: zone });
    return repeated(() => dates.next().toDate(), after, count);
  });
}, { profile, known });
