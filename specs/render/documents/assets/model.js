// The data of the picture: typed arrays of runs by lane, the load as steps, and words for people.
// Times are microseconds since the start of the picture, `data.startMs` since 1970 (ms, UTC).
const data = JSON.parse(document.getElementById("timeline-data").textContent);
const OUTCOMES = ["ok", "failed", "running", "cut off"];
const OUTCOME_WORDS = ["finished", "failed", "still running at the end", "cut off: its server left"];
const DUES = ["published", "coalesced", "skipped", "none"];
const DUE_WORDS = ["due, and published", "coalesced into a later one", "skipped", "not published"];
const SECOND = 1e6, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

function undelta(column) {
  const values = new Float64Array(column.length);
  let sum = 0;
  column.forEach((change, place) => { sum += change; values[place] = sum; });
  return values;
}

function readRuns(raw) {
  const begins = undelta(raw.at);
  const offset = (column) => Float64Array.from(column, (before, n) => begins[n] - before);
  return {
    count: begins.length,
    begins,
    ends: Float64Array.from(raw.length, (length, n) => begins[n] + length),
    lane: Uint32Array.from(raw.lane),
    job: Uint32Array.from(raw.job),
    message: Float64Array.from(raw.message),
    attempt: Uint16Array.from(raw.attempt),
    outcome: Uint8Array.from(raw.outcome),
    lead: offset(raw.lead),
    since: offset(raw.since),
    claimed: offset(raw.claimed),
  };
}

const runs = readRuns(data.runs);
const dues = {at: undelta(data.dues.at), job: data.dues.job, outcome: data.dues.outcome};

// The runs of each lane in order, with the latest end up to each: where a search may begin.
const lanes = data.lanes.map(([label, server, worker]) => ({label, server, worker, runs: [], latest: []}));
for (let n = 0; n < runs.count; n++) {
  const lane = lanes[runs.lane[n]];
  lane.runs.push(n);
  lane.latest.push(Math.max(lane.latest.at(-1) ?? -Infinity, runs.ends[n]));
}
const servers = [...new Set(lanes.map((lane) => lane.server))].filter((name) => name);

// The first place of a sorted `column` whose value is at least `value`.
function firstFrom(column, value) {
  let low = 0, high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

// A step function of time from spans: [begins, ends, how many].
function stepsOf(spans) {
  const changes = [];
  for (const [begins, ends, number] of spans) {
    if (begins < ends) changes.push([begins, number], [ends, -number]);
  }
  changes.sort((one, two) => one[0] - two[0]);
  const at = [], value = [];
  let sum = 0;
  for (const [instant, change] of changes) {
    sum += change;
    if (at.length && at.at(-1) === instant) value[value.length - 1] = sum;
    else { at.push(instant); value.push(sum); }
  }
  return {at: Float64Array.from(at), value: Float64Array.from(value), most: value.reduce((a, b) => Math.max(a, b), 0)};
}

function* waitingSpans() {
  for (let n = 0; n < runs.count; n++) yield [runs.since[n], runs.claimed[n], 1];
  for (const [begins, ends] of data.unclaimed) yield [begins, ends, 1];
}
function* busySpans() {
  for (let n = 0; n < runs.count; n++) yield [runs.begins[n], runs.ends[n], 1];
}
const load = data.hasMessages ? {
  waiting: stepsOf(waitingSpans()),
  busy: stepsOf(busySpans()),
  workers: stepsOf(data.members.map(([, begins, ends, workers]) => [begins, ends, workers])),
} : null;

// --- words

function count(number) {
  return Math.round(number).toLocaleString("en").replaceAll(",", "\u2009");
}
function counted(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}
function span(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  const short = (value) => Number(value.toPrecision(3)).toString();
  if (us < SECOND) return `${short(us / 1000)} ms`;
  if (us < MINUTE) return `${short(us / SECOND)} s`;
  const [large, unit, small, smaller] =
    us < HOUR ? [MINUTE, "min", SECOND, "s"] : us < DAY ? [HOUR, "h", MINUTE, "min"] : [DAY, "d", HOUR, "h"];
  const whole = Math.floor(us / large), rest = Math.floor((us % large) / small);
  return rest ? `${whole} ${unit} ${rest} ${smaller}` : `${whole} ${unit}`;
}
// An instant, as exact as `step` needs; with its date if the picture has several.
function clock(us, step = 1) {
  const micros = Math.round(us) + data.startUs;
  const ms = data.startMs + Math.floor(micros / 1000);
  const text = new Date(ms).toISOString();
  const date = text.slice(0, text.indexOf("T")), time = text.slice(text.indexOf("T") + 1, -1);
  if (step >= DAY) return date;
  if (step >= MINUTE) return time.slice(0, 5);
  if (step >= SECOND) return time.slice(0, 8);
  const rest = ((micros % 1000) + 1000) % 1000;
  return step >= 1000 || !rest ? time : time + String(rest).padStart(3, "0");
}
const STEPS = [];
for (const unit of [1, 1000]) for (const ten of [1, 10, 100]) for (const one of [1, 2, 5]) STEPS.push(unit * ten * one);
STEPS.push(...[1, 2, 5, 10, 15, 30].flatMap((n) => [n * SECOND]), ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR), ...[1, 2, 5, 10, 30, 100, 365, 3650, 36500].map((n) => n * DAY));
