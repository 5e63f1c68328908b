// /// script
// dependencies = ["node-cron@^4"]
// [tool.gnomon]
// levels = ["next", "tick"]
// ///
// Adapter: node-cron.
import nodeCron from "node-cron";
import { Unsupported, refusing, repeated, serve } from "./adapter_kit.mjs";
import { inProcess } from "./in_process.mjs";
import { at as atInstant } from "./moved_clocks.mjs";

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
  nearest_weekday: "accepted",
  restart_cron: "skipped",
  clock_noticed: "at-next-wake",
};

const scheduler = inProcess({
  observes: ["due", "misfires", "runs"],
  make({ cron, every, at, zone = "UTC", start, repeats }, fire, note) {
    if (every) throw new Unsupported("intervals");
    if (at) throw new Unsupported("one-time jobs");
    if (start) throw new Unsupported("a start");
    const run = ({ date, execution }) =>
      fire({ run: execution.id, ...(execution.reason === "scheduled" && { due: date }) });
    const options = { timezone: zone, maxExecutions: repeats };
    const task = refusing(() => nodeCron.schedule(cron, run, options));
    task.on("execution:missed", ({ date }) => note({ due: date, outcome: "misfired" }));
    task.on("execution:finished", ({ execution }) => note({ run: execution.id, outcome: "ok" }));
    return task;
  },
  drop: (task) => task.destroy(),
  pause: (task) => task.stop(),
  resume: (task) => task.start(),
  execute: (task) => task.execute(),
});

serve("node-cron", (cron, zone, after, count) =>
  repeated(
    (previous) =>
      atInstant(previous, () => {
        const task = refusing(() => nodeCron.createTask(cron, () => {}, { timezone: zone }));
        task.start();
        const found = task.getNextRun();
        task.destroy();
        return found;
      }),
    after,
    count,
  ),
  { profile, scheduler },
);
