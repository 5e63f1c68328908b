// /// script
// dependencies = ["node-cron@^4", "@sinonjs/fake-timers@^15"]
// ///
// Adapter: node-cron, at a steered clock.
import cron from "node-cron";
import FakeTimers from "@sinonjs/fake-timers";
import { refusing, repeated, serve } from "./adapter_kit.mjs";

const profile = {
  day_fields: "both",
  gap: "skipped",
  real_time: "never",
  backward_ranges: "wrap",
  nicknames: "midnight",
  star_in_list: "accepted",
  question_mark: "any",
  last_day: "accepted",
  nth_weekday: "and-last",
  sixth_field: "seconds-first",
};

serve("node-cron", (text, zone, after, count) =>
  repeated(
    (previous) => {
      const clock = FakeTimers.install({ now: previous });
      try {
        const task = refusing(() => cron.createTask(text, () => {}, { timezone: zone }));
        task.start();
        const found = task.getNextRun();
        task.destroy();
        return found;
      } finally {
        clock.uninstall();
      }
    },
    after,
    count,
  ),
  { profile },
);
