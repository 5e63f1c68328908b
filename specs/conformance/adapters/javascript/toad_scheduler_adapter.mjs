// /// script
// dependencies = ["toad-scheduler@^4"]
// [tool.gnomon]
// levels = ["next", "tick"]
// ///
// Adapter: toad-scheduler, which has intervals of its own and leaves cron definitions to croner.
import { AsyncTask, CronJob, SimpleIntervalJob, ToadScheduler } from "toad-scheduler";
import { Unsupported, refusing, serve } from "./adapter_kit.mjs";
import { inProcess } from "./in_process.mjs";
import { at as atInstant } from "./moved_clocks.mjs";

const profile = {
  gap: "shifted",
  real_time: "never",
  large_steps: "refused-above-size",
  nicknames: "midnight",
  star_in_list: "accepted",
  last_day: "accepted",
  nth_weekday: "and-last",
  nearest_weekday: "accepted",
  sixth_field: "seconds-first",
  seventh_field: "year",
  never_due: "accepted",
  anchor: "previous-firing",
  first_firing: "after-an-interval",
  restart_interval: "from-the-start",
  restart_cron: "skipped",
  resume_interval: "re-phased",
  edit_interval: "re-phased",
  clock_noticed: "at-next-wake",
  interval_clock: "monotonic",
  pause: "ends",
  overlap: "intervals-skipped", // preventOverrun
  catch_up: "grace-60s",
};

// Its croner makes the same formatter at every wake, which takes longer than all else together.
const formatters = new Map();
Intl.DateTimeFormat = new Proxy(Intl.DateTimeFormat, {
  construct(kind, given) {
    const key = JSON.stringify(given);
    if (!formatters.has(key)) formatters.set(key, new kind(...given));
    return formatters.get(key);
  },
});

const toad = new ToadScheduler();

const scheduler = inProcess({
  make({ id, cron, every, at, zone = "UTC", start, repeats }, fire) {
    if (at) throw new Unsupported("one-time jobs");
    if (start) throw new Unsupported("a start");
    if (repeats) throw new Unsupported("repeats");
    const task = new AsyncTask(id, () => fire());
    return refusing(() => {
      if (every) {
        const job = new SimpleIntervalJob({ milliseconds: every * 1000 }, task, { id });
        toad.addSimpleIntervalJob(job);
        return job;
      }
      const job = new CronJob({ cronExpression: cron, timezone: zone }, task, { id });
      toad.addCronJob(job);
      return job;
    });
  },
  drop: (_, id) => toad.removeById(id),
  pause: (_, id) => toad.stopById(id),
  resume: (_, id) => toad.startById(id),
});

serve("toad-scheduler", (cron, zone, after, count) =>
  atInstant(after, () => {
    const task = new AsyncTask("next", async () => {});
    const job = new CronJob({ cronExpression: cron, timezone: zone }, task);
    refusing(() => job.start());
    const found = job.cronInstance.nextRuns(count); // it publishes no way to ask
    job.stop();
    return found;
  }),
  { profile, scheduler },
);
