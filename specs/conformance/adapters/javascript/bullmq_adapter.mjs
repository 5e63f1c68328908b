// /// script
// dependencies = ["bullmq@^6"]
// [tool.gnomon]
// levels = ["next"]
// ///
// Adapter: BullMQ, the strategy by which a job scheduler finds its next run. No server is asked.
// No level tick: a worker waits for what is due in a blocking command of the server (bzpopmin), for
// real time, which clocks that are moved in this process do not shorten.
import { defaultRepeatStrategy } from "bullmq";
import { Unsupported, refusing, repeated, serve } from "./adapter_kit.mjs";

const profile = {
  gap: "shifted-first",
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

// cron-parser, which reads its patterns: an expression of fewer than five fields, and an empty one, is completed with asterisks.
const known = ["01", "02", "03"].map((number) => ({
  rule: "JOB-4",
  scenario: `JOB-4/malformed/${number}`,
  url: "https://github.com/harrisiirak/cron-parser/issues/317",
}));

serve("bullmq", (pattern, tz, after, count) => {
  if (/\bH\b/.test(pattern)) throw new Unsupported("H, which is documented to be a random number");
  const step = (previous) => {
    const found = refusing(() => defaultRepeatStrategy(+previous, { pattern, tz }));
    return found && new Date(found);
  };
  return repeated(step, after, count);
}, { profile, known });
