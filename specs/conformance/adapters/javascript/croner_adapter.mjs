// /// script
// dependencies = ["croner@^11"]
// ///
// Adapter: croner.
import { Cron } from "croner";
import { refusing, serve } from "./adapter_kit.mjs";

const profile = {
  fold: "both",
  large_steps: "refused-above-size",
  nicknames: "midnight",
  star_in_list: "accepted",
  question_mark: "any",
  last_day: "accepted",
  nth_weekday: "and-last",
  sixth_field: "seconds-first",
  never_due: "accepted",
};

serve("croner", (cron, zone, after, count) =>
  refusing(() => new Cron(cron, { timezone: zone, paused: true })).nextRuns(count, after),
  { profile },
);
