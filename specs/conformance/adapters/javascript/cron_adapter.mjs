// /// script
// dependencies = ["cron@^4"]
// [tool.gnomon]
// levels = ["next", "tick"]
// ///
// Adapter: cron (kelektiv/node-cron).
import { CronJob, CronTime } from "cron";
import { Unsupported, refusing, repeated, serve } from "./adapter_kit.mjs";
import { inProcess } from "./in_process.mjs";
import { at as atInstant } from "./moved_clocks.mjs";

const profile = {
  day_fields: "either-unless-full",
  real_time: "hour",
  step_on_number: "to-end",
  range_to_sunday: "refused",
  nicknames: "not-annually",
  star_in_list: "accepted",
  sixth_field: "seconds-first",
  one_time_past: "refused",
  restart_cron: "skipped",
  one_time_missed: "never",
  clock_noticed: "at-next-wake",
};

// A time of the gap is due at the first instant after it, also for a job of each hour.
const known = ["27", "29"].map((number) => ({
  rule: "FIRE-5",
  scenario: `FIRE-5/gap-new-york/${number}`,
  url: "https://github.com/kelektiv/node-cron/pull/639",
}));

const scheduler = inProcess({
  observes: ["payload"],
  make({ cron, every, at, zone = "UTC", start, repeats, payload }, fire) {
    if (every) throw new Unsupported("intervals");
    if (start) throw new Unsupported("a start");
    if (repeats) throw new Unsupported("repeats");
    const onTick = function () {
      return fire({ payload: this.payload });
    };
    const what = { cronTime: cron ?? new Date(at), timeZone: zone, context: { payload }, onTick };
    return refusing(() => CronJob.from({ ...what, start: true }));
  },
  drop: (job) => job.stop(),
  pause: (job) => job.stop(),
  resume: (job) => refusing(() => job.start()),
  execute: (job) => job.fireOnTick(),
});

serve("cron", (cron, zone, after, count) => {
  const time = refusing(() => new CronTime(cron, zone));
  // It looks eight years ahead, and from the present instant whatever it is asked about.
  const next = (previous) => time.getNextDateFrom(previous, zone).toJSDate();
  return repeated((previous) => atInstant(previous, () => next(previous)), after, count);
}, { profile, known, scheduler });
