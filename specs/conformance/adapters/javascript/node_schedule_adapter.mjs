// /// script
// dependencies = ["node-schedule@^2"]
// [tool.gnomon]
// levels = ["next", "tick"]
// ///
// Adapter: node-schedule.
import nodeSchedule from "node-schedule";
import { Refused, Unsupported, repeated, serve } from "./adapter_kit.mjs";
import { inProcess } from "./in_process.mjs";
import { at as atInstant } from "./moved_clocks.mjs";

const profile = {
  day_fields: "either-unless-full",
  gap: "shifted-first",
  real_time: "hour",
  step_on_number: "to-end",
  range_to_sunday: "refused",
  nickname_case: "lower",
  star_in_list: "accepted",
  question_mark: "any",
  last_day: "accepted",
  nth_weekday: "and-last",
  sixth_field: "seconds-first",
  one_time_past: "refused",
  restart_cron: "skipped",
  clock_noticed: "at-next-wake",
};

const known = [
  // It runs all that a clock set forward has passed, one after another.
  {
    rule: "LEAD-4",
    scenario: "clock/cron-forward",
    url: "https://github.com/node-schedule/node-schedule/issues/431",
  },
  // cron-parser, which reads its rules: fewer than five fields are completed with asterisks.
  ...["01", "02", "03"].map((number) => ({
    rule: "JOB-4",
    scenario: `JOB-4/malformed/${number}`,
    url: "https://github.com/harrisiirak/cron-parser/issues/317",
  })),
];

/** Its job, under a name of its own. */
function schedule(spec, run) {
  const job = nodeSchedule.scheduleJob(spec, run);
  if (!job) throw new Refused("scheduleJob returned null");
  return job;
}

const scheduler = inProcess({
  observes: ["due"],
  make({ cron, every, at, zone = "UTC", start, repeats }, fire) {
    if (every) throw new Unsupported("intervals");
    if (repeats) throw new Unsupported("repeats");
    const spec = cron ? { rule: cron, tz: zone, start } : new Date(at);
    return schedule(spec, (due) => fire(due ? { due } : {}));
  },
  drop: (job) => job.cancel(),
  execute: (job) => job.invoke(),
});

serve("node-schedule", (cron, zone, after, count) =>
  repeated(
    (previous) =>
      atInstant(previous, () => {
        const job = schedule({ rule: cron, tz: zone }, () => {});
        const found = job.nextInvocation();
        job.cancel();
        return found && new Date(found.getTime());
      }),
    after,
    count,
  ),
  {
    profile,
    known,
    scheduler,
    oneTimeInstants: (at, zone, after) =>
      atInstant(new Date(+after + 1), () => {
        const job = nodeSchedule.scheduleJob(at, () => {}); // null for an instant that has passed
        const found = job?.nextInvocation();
        job?.cancel();
        return found ? [new Date(found.getTime())] : [];
      }),
  },
);
