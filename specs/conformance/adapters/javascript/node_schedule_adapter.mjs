// /// script
// dependencies = ["node-schedule@^2", "@sinonjs/fake-timers@^15"]
// ///
// Adapter: node-schedule, at a steered clock.
import schedule from "node-schedule";
import FakeTimers from "@sinonjs/fake-timers";
import { Refused, repeated, serve } from "./adapter_kit.mjs";

let jobs = 0;

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
};

serve("node-schedule", (cron, zone, after, count) =>
  repeated(
    (previous) => {
      const clock = FakeTimers.install({ now: previous });
      try {
        const job = schedule.scheduleJob(`job ${++jobs}`, { rule: cron, tz: zone }, () => {});
        if (!job) throw new Refused("scheduleJob returned null");
        const found = job.nextInvocation();
        job.cancel();
        return found && new Date(found.getTime());
      } finally {
        clock.uninstall();
      }
    },
    after,
    count,
  ),
  { profile },
);
