// /// script
// dependencies = ["croner@^11"]
// [tool.gnomon]
// levels = ["next", "tick"]
// ///
// Adapter: croner.
import { Cron } from "croner";
import { Unsupported, refusing, repeated, serve } from "./adapter_kit.mjs";
import { inProcess } from "./in_process.mjs";

const profile = {
  real_time: "unless-single",
  large_steps: "refused-above-size",
  nicknames: "midnight",
  star_in_list: "accepted",
  question_mark: "any",
  last_day: "accepted",
  nth_weekday: "and-last",
  sixth_field: "seconds-first",
  never_due: "accepted",
  nearest_weekday: "accepted",
  seventh_field: "year",
  anchor: "previous-firing",
  one_time_past: "never",
  restart_interval: "at-once",
  restart_cron: "skipped",
  one_time_missed: "never",
  repeats_count: "process",
  resume_one_time: "never",
  edit_interval: "at-once",
  clock_noticed: "at-next-wake",
};

const scheduler = inProcess({
  observes: ["payload"],
  make({ cron, every, at, zone = "UTC", start, repeats, payload }, fire) {
    const pattern = every ? "* * * * * *" : (cron ?? new Date(at));
    const options = { timezone: zone, interval: every, startAt: start, maxRuns: repeats };
    return refusing(
      () => new Cron(pattern, { ...options, context: payload }, (_, payload) => fire({ payload })),
    );
  },
  drop: (job) => job.stop(),
  pause: (job) => job.pause(),
  resume: (job) => job.resume(),
  execute: (job) => job.trigger(),
});

function fullSecond(instant) {
  if (instant % 1000) throw new Unsupported("fractions of a second");
  return instant;
}

serve("croner", (cron, zone, after, count) =>
  refusing(() => new Cron(cron, { timezone: zone, paused: true })).nextRuns(count, after),
  {
    profile,
    scheduler,
    intervalInstants: (every, start, zone, after, count) => {
      // It counts from the previous run, here that at the creation.
      if (start > after) throw new Unsupported("an interval that begins later");
      const job = new Cron("* * * * * *", { timezone: zone, interval: every, paused: true });
      return repeated((previous) => job.nextRun(previous), fullSecond(start), count, after);
    },
    oneTimeInstants: (at, zone, after, count) =>
      new Cron(fullSecond(at), { timezone: zone, paused: true }).nextRuns(count, after),
  },
);
