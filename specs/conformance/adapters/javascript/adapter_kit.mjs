// The kit for adapters in JavaScript: JSON lines on the outside, functions inside. No packages.
// Level next: nextInstants(cron, zone, after, count) gets a Date and returns Dates; so do, if the
// scheduler has them, intervalInstants(every, start, zone, after, count), in seconds counted from
// the Date start, and oneTimeInstants(at, zone, after, count).
// Level tick: scheduler() returns an object with open(store, now, zone, lag), create(job), edit(job),
// delete(id), pause(id), resume(id), execute(id), advance(by), step(by) and close(), each with or
// without a promise; `store(reachable)` too, where there is a store. What it does not have is
// answered as unsupported. `advance` returns firings:
// {job, at, due, payload, run, outcome}, with Dates. Copy this file beside an adapter of your own.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export const PROTOCOL = 1;

/** The scheduler does not accept the definition. */
export class Refused extends Error {}
/** The scheduler has no such feature, or it is not reachable. */
export class Unsupported extends Error {}

/** What `call` returns; what it throws means that the scheduler refuses the definition. */
export function refusing(call) {
  try {
    return call();
  } catch (error) {
    throw new Refused(String(error.message ?? error));
  }
}

/**
 * Instants found one by one: `step` gets the one before and returns the next one or null. The
 * search begins at `from`; `after` may be later.
 */
export function repeated(step, from, count, after = from) {
  const instants = [];
  while (instants.length < count) {
    const instant = step(from);
    if (!instant) break;
    if (instant > after) instants.push(instant);
    from = instant;
  }
  return instants;
}

/** The installed version of a package. */
export function versionOf(name) {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

const text = (instant) => new Date(+instant).toISOString().replace(".000Z", "Z");

async function reply(call) {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message || "refused" };
    if (error instanceof Unsupported) return { unsupported: error.message };
    return { error: String(error?.stack ?? error).split("\n").slice(0, 5).reverse().join("\n") };
  }
}

function answer(request, functions) {
  const { cron, every, start, at, zone, after, count } = request;
  const kind = Object.keys(functions).find((kind) => kind in request);
  if (!functions[kind]) throw new Unsupported(`definitions with ${kind ?? "none of them"}`);
  const definition = { cron: [cron], every: [every, new Date(start)], at: [new Date(at)] }[kind];
  return { instants: functions[kind](...definition, zone, new Date(after), count).map(text) };
}

const firing = ({ at, due, ...others }) => ({
  ...others,
  at: text(at),
  ...(due && { due: text(due) }),
});

/** What each request of level tick means, given the scheduler that is open. */
const verbs = {
  open: (scheduler, { store, now, zone, lag = 0 }) =>
    scheduler.open(store, new Date(now), zone, lag),
  create: (scheduler, { job }) => scheduler.create(job),
  edit: (scheduler, { job }) => scheduler.edit(job),
  delete: (scheduler, { id }) => scheduler.delete(id),
  pause: (scheduler, { id }) => scheduler.pause(id),
  resume: (scheduler, { id }) => scheduler.resume(id),
  execute: (scheduler, { id }) => scheduler.execute(id),
  advance: async (scheduler, { by }) => ({ fired: (await scheduler.advance(by)).map(firing) }),
  step: (scheduler, { by }) => scheduler.step(by),
  store: (scheduler, { reachable }) => scheduler.store(reachable),
  close: (scheduler) => scheduler.close(),
};

async function act(scheduler, request) {
  if (scheduler === null) throw new Error(`${request.do} before open`);
  if (!scheduler[request.do]) throw new Unsupported(request.do);
  const found = await verbs[request.do](scheduler, request);
  return request.do === "advance" ? found : { done: true };
}

/**
 * Answer requests until the end of the input. `name` is that of the package; `nextInstants` may be
 * null, and the other functions and `scheduler` may be left out: the levels follow.
 */
export async function serve(
  name,
  nextInstants,
  { profile = {}, known = [], scheduler, intervalInstants, oneTimeInstants } = {},
) {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr); // what a library prints
  const implementation = { name, version: versionOf(name), language: "javascript" };
  const functions = { cron: nextInstants, every: intervalInstants, at: oneTimeInstants };
  const definitions = Object.keys(functions).filter((kind) => functions[kind]);
  const levels = [...(definitions.length ? ["next"] : []), ...(scheduler ? ["tick"] : [])];
  const observes = scheduler?.observes ?? [];
  let open = null;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.do === "bye") break;
    let found = { unsupported: request.do };
    if (request.do === "hello") {
      found = { protocol: PROTOCOL, implementation, levels, observes, profile, known };
      if (definitions.length) found.definitions = definitions;
    } else if (request.do === "next" && definitions.length) {
      found = await reply(() => answer(request, functions));
    } else if (scheduler && request.do in verbs) {
      if (request.do === "open") open = scheduler();
      found = await reply(() => act(open, request));
      if (request.do === "close") open = null;
    }
    write(JSON.stringify({ seq: request.seq, ...found }) + "\n");
  }
  process.exit(0);
}
