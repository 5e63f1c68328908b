// The clocks of a Node.js process, moved by hand: the wall clock (Date) and the monotonic one
// (performance.now, process.hrtime, and all timers). The one idea: timers obey the monotonic clock
// alone, as in Node.js, so that a step of the wall clock wakes nobody. An own clock and no package
// of fake timers, because each wake must come late by a given time, and an interval must count from
// the late wake, as it does in Node.js. All times are milliseconds.

const LONGEST_DELAY = 2 ** 31 - 1; // a longer one becomes 1, as in Node.js
const RealDate = Date;
const real = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate };
const realNow = performance.now;
const realHrtime = process.hrtime;

class Timer {
  constructor(id, call, due, every) {
    Object.assign(this, { id, call, due, every });
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  hasRef() {
    return true;
  }
  [Symbol.toPrimitive]() {
    return this.id;
  }
}

/** Both clocks of this process, from `now` (a Date) on; each wake comes `lag` late. */
export class MovedClocks {
  #wall;
  #monotonic = 1_000_000;
  #lag;
  #timers = new Map();
  #ids = 0;

  constructor(now, lag = 0) {
    this.#wall = +now;
    this.#lag = lag;
    globalThis.Date = this.#date();
    globalThis.setTimeout = (call, delay, ...given) => this.#arm(call, delay, given, false);
    globalThis.setInterval = (call, delay, ...given) => this.#arm(call, delay, given, true);
    globalThis.clearTimeout = globalThis.clearInterval = (timer) => {
      if (timer != null) this.#timers.delete(+timer);
    };
    performance.now = () => this.#monotonic;
    process.hrtime = (since = [0, 0]) => {
      const passed = this.#monotonic * 1e6 - (since[0] * 1e9 + since[1]);
      return [Math.floor(passed / 1e9), passed % 1e9];
    };
    process.hrtime.bigint = () => BigInt(Math.round(this.#monotonic * 1e6));
  }

  /** Give the process its own clocks back; timers that wait are dropped. */
  restore() {
    const { setImmediate: _, ...timers } = real;
    Object.assign(globalThis, timers, { Date: RealDate });
    performance.now = realNow;
    process.hrtime = realHrtime;
    this.#timers.clear();
  }

  /** The wall clock. */
  now() {
    return new RealDate(this.#wall);
  }

  /** Let time pass on both clocks; timers that are due up to the end, and at it, are called. */
  async advance(by) {
    const end = this.#monotonic + by;
    await this.#settle();
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#move(Math.max(this.#monotonic, timer.due + this.#lag));
      this.#timers.delete(timer.id);
      if (timer.every !== null) {
        timer.due = this.#monotonic + timer.every;
        this.#timers.set(timer.id, timer);
      }
      timer.call();
      await this.#settle();
    }
    this.#move(end);
  }

  /** Set the wall clock alone. */
  step(by) {
    this.#wall += by;
  }

  #move(monotonic) {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }

  /** Until every promise that can be settled without a timer is. */
  #settle() {
    return new Promise((done) => real.setImmediate(done));
  }

  #next(end) {
    let first = null;
    for (const timer of this.#timers.values()) {
      if (timer.due + this.#lag <= end && (first === null || timer.due < first.due)) first = timer;
    }
    return first;
  }

  #arm(call, delay, given, repeats) {
    const wait = delay >= 1 && delay <= LONGEST_DELAY ? Math.trunc(delay) : 1;
    const every = repeats ? wait : null;
    const timer = new Timer(++this.#ids, () => call(...given), this.#monotonic + wait, every);
    this.#timers.set(timer.id, timer);
    return timer;
  }

  #date() {
    return new Proxy(RealDate, {
      construct: (kind, given, made) =>
        Reflect.construct(kind, given.length ? given : [this.#wall], made),
      apply: () => this.now().toString(),
      get: (kind, name) =>
        name === "now" ? () => Math.trunc(this.#wall) : Reflect.get(kind, name),
    });
  }
}

/** What `call` returns at the instant `now`: for schedulers that look at the clock themselves. */
export function at(now, call) {
  const clocks = new MovedClocks(now);
  try {
    return call();
  } finally {
    clocks.restore();
  }
}
