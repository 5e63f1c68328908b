// /// script
// dependencies = ["cron@^4"]
// ///
// Adapter: cron (kelektiv/node-cron).
import { CronTime } from "cron";
import { refusing, repeated, serve } from "./adapter_kit.mjs";

const profile = {
  day_fields: "either-unless-full",
  real_time: "hour",
  step_on_number: "to-end",
  range_to_sunday: "refused",
  star_in_list: "accepted",
  sixth_field: "seconds-first",
};

serve("cron", (cron, zone, after, count) => {
  const time = refusing(() => new CronTime(cron, zone));
  return repeated((previous) => time.getNextDateFrom(previous, zone).toJSDate(), after, count);
}, { profile });
