// Level tick for schedulers that live in a process, under moved clocks, and know their jobs from
// code alone. A deployment creates them again at each start; so does `open`, from a file in the
// store. Create, edit and delete are edits of that code. A pause is none: it ends with the process.
import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { Refused } from "./adapter_kit.mjs";
import { MovedClocks } from "./moved_clocks.mjs";

/**
 * The scheduler of level tick for `peer`:
 *
 *   make(job, fire, note)  create the job; returns a handle. `fire({due, payload, run})` is its run,
 *                          a promise; fields that the scheduler does not know are left out.
 *                          `note({due, run, outcome})` reports the end of a run, or a misfire
 *   drop(handle, id)       remove it
 *   pause, resume, execute (handle, id), each optional
 *   observes               what `fire` and `note` are given
 */
export function inProcess(peer) {
  const scheduler = () => new InProcess(peer);
  scheduler.observes = peer.observes ?? [];
  return scheduler;
}

class InProcess {
  #peer;
  #clocks;
  #file;
  #jobs = {};
  #handles = new Map();
  #fired = [];

  constructor(peer) {
    this.#peer = peer;
    for (const verb of ["pause", "resume", "execute"]) {
      if (peer[verb]) this[verb] = (id) => void peer[verb](this.#handle(id), id);
    }
  }

  async open(store, now, zone, lag) {
    process.env.TZ = zone;
    this.#clocks = new MovedClocks(now, lag * 1000);
    this.#file = join(store, "jobs.json");
    if (existsSync(this.#file)) this.#jobs = JSON.parse(readFileSync(this.#file, "utf8"));
    for (const job of Object.values(this.#jobs)) {
      try {
        await this.#make(job);
      } catch (error) {
        if (!(error instanceof Refused)) throw error; // its time has passed
      }
    }
  }

  async create(job) {
    await this.#make(job);
    this.#save({ ...this.#jobs, [job.id]: job });
  }

  async edit(job) {
    await this.#drop(job.id);
    try {
      await this.#make(job);
    } catch (error) {
      await this.#make(this.#jobs[job.id]);
      throw error;
    }
    this.#save({ ...this.#jobs, [job.id]: job });
  }

  async delete(id) {
    await this.#drop(id);
    const { [id]: _, ...others } = this.#jobs;
    this.#save(others);
  }

  async advance(by) {
    await this.#clocks.advance(by * 1000);
    return this.#fired.splice(0); // also those of a run on demand, which began at its request
  }

  step(by) {
    this.#clocks.step(by * 1000);
  }

  async close() {
    for (const id of [...this.#handles.keys()]) await this.#drop(id);
    this.#clocks.restore();
  }

  async #make(job) {
    const note = (seen = {}) =>
      this.#fired.push({ job: job.id, at: this.#clocks.now(), ...seen });
    const fire = async (seen) => {
      note(seen);
      if (job.takes) await new Promise((done) => setTimeout(done, job.takes * 1000));
    };
    this.#handles.set(job.id, await this.#peer.make(job, fire, note));
  }

  async #drop(id) {
    await this.#peer.drop(this.#handle(id), id);
    this.#handles.delete(id);
  }

  #handle(id) {
    if (!this.#handles.has(id)) throw new Error(`there is no job ${id}`);
    return this.#handles.get(id);
  }

  #save(jobs) {
    this.#jobs = jobs;
    writeFileSync(this.#file, JSON.stringify(jobs));
  }
}
