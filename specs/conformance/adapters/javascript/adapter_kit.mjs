// The kit for adapters in JavaScript: JSON lines on the outside, one function inside. No packages.
// An adapter calls serve(description, nextInstants); nextInstants(cron, zone, after, count) gets a
// Date and returns Dates. Copy this file beside an adapter of your own.
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

/** Instants found one by one: `step` gets the one before and returns the next one or null. */
export function repeated(step, after, count) {
  const instants = [];
  while (instants.length < count) {
    const instant = step(after);
    if (!instant) break;
    instants.push(instant);
    after = instant;
  }
  return instants;
}

/** The installed version of a package. */
export function versionOf(name) {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

const text = (instant) => new Date(+instant).toISOString().replace(".000Z", "Z");

function answer(request, nextInstants) {
  try {
    const after = new Date(request.after);
    return { instants: nextInstants(request.cron, request.zone, after, request.count).map(text) };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message || "refused" };
    if (error instanceof Unsupported) return { unsupported: error.message };
    return { error: String(error?.stack ?? error).split("\n").slice(0, 5).reverse().join("\n") };
  }
}

/** Answer requests until the end of the input. `name` is that of the package. */
export async function serve(name, nextInstants, { profile = {}, known = [] } = {}) {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr); // what a library prints
  const implementation = { name, version: versionOf(name), language: "javascript" };
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.do === "bye") break;
    let reply = { unsupported: request.do };
    if (request.do === "hello") {
      reply = { protocol: PROTOCOL, implementation, levels: ["next"], profile, known };
    } else if (request.do === "next") {
      reply = answer(request, nextInstants);
    }
    write(JSON.stringify({ seq: request.seq, ...reply }) + "\n");
  }
  process.exit(0);
}
