// Draws the view on the canvas: the head stays, the lanes scroll under it.
const canvas = document.getElementById("timeline-canvas");
const stage = document.getElementById("timeline-stage");
const pen = canvas.getContext("2d");
const view = {begins: 0, ends: data.length};
const filter = {job: "", service: "", server: ""};
let selected = -1, hovered = -1, pinned = -1;
let colours = {}, area = {}, hits = [];

const LANE = lanes.length <= 30 ? 24 : lanes.length <= 80 ? 15 : 8;
const JOB_HUES = [212, 122, 288, 178, 22, 82, 246, 340];
const shownJobs = [...new Set(dues.job)];
const JOB_ROWS = shownJobs.length <= 6 ? shownJobs.length : shownJobs.length ? 1 : 0;
const UNCLAIMED = 64; // the height of the rows of messages that were not run
const BIN = 2; // runs narrower than this many pixels are drawn as bins

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  for (const name of ["ink", "dim", "grid", "ground", "paper", "bad", "wait", "skip", "busy"]) {
    colours[name] = style.getPropertyValue(`--${name}`).trim();
  }
  // A canvas reads a hexadecimal colour faster, and a colour is set for every bin.
  const hex = (colour) => { pen.fillStyle = colour; return pen.fillStyle; };
  colours.jobs = JOB_HUES.map((hue) => hex(`hsl(${hue} ${dark ? "45% 62%" : "45% 46%"})`));
  colours.servers = JOB_HUES.map((hue) => hex(`hsl(${hue} ${dark ? "30% 30%" : "55% 86%"})`));
  colours.dues = [colours.ink, colours.wait, colours.skip, colours.bad];
}

function matches(job) {
  const [id, name, service] = data.jobs[job];
  const wanted = filter.job.toLowerCase();
  return (!wanted || name.toLowerCase().includes(wanted) || id.toLowerCase() === wanted)
    && (!filter.service || service === filter.service);
}
let matching = [];
let visibleLanes = [];
function applyFilter() {
  matching = data.jobs.map((_, job) => matches(job));
  visibleLanes = lanes.map((_, n) => n).filter((n) =>
    (!filter.server || lanes[n].server === filter.server) && (lanes[n].server || matching[lanes[n].worker]));
  groupDues();
}

// --- places

function x(at) { return area.left + (at - view.begins) / (view.ends - view.begins) * area.width; }
function timeAt(px) { return view.begins + (px - area.left) / area.width * (view.ends - view.begins); }

function layOut() {
  const width = stage.clientWidth;
  const left = width < 600 ? 70 : 112;
  area = {left, width: Math.max(width - left - 8, 50), all: width, rows: {}};
  let y = 4;
  const row = (name, height) => { area.rows[name] = {top: y, height}; y += height; };
  row("pins", data.incidents.length ? 20 : 0);
  row("axis", 18);
  if (load) { row("waiting", 46); row("busy", 40); }
  if (data.terms.length) row("leader", 22);
  for (let n = 0; n < JOB_ROWS; n++) row(`due${n}`, 15);
  area.top = y + 6;
  area.lanes = visibleLanes.length * LANE + (data.unclaimed.length ? UNCLAIMED : 0);
  const room = Math.max(innerHeight * 0.8 - area.top, 120);
  area.height = area.top + Math.min(area.lanes, room) + 4;
  document.getElementById("timeline-spacer").style.height = `${area.top + area.lanes + 4}px`;
  stage.style.height = `${area.height}px`;
  const scale = devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = area.height * scale;
  canvas.style.height = `${area.height}px`;
  canvas.style.width = `${width}px`;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
}

// --- drawing

function text(words, px, py, colour = colours.ink, align = "left", most = Infinity) {
  pen.fillStyle = colour;
  pen.textAlign = align;
  if (most !== Infinity) {
    let cut = words;
    while (cut.length > 1 && pen.measureText(cut).width > most) cut = `${cut.slice(0, -2)}…`;
    words = cut;
  }
  pen.fillText(words, px, py);
}
function name(words, row, offset = 0) {
  text(words, area.left - 6, row.top + row.height / 2 + 4 + offset, colours.ink, "right", area.left - 10);
}
function line(x1, y1, x2, y2, colour, width = 1, dash = []) {
  pen.strokeStyle = colour; pen.lineWidth = width; pen.setLineDash(dash);
  pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke(); pen.setLineDash([]);
}
function box(px, py, width, height, colour) { pen.fillStyle = colour; pen.fillRect(px, py, width, height); }
function hit(px, py, width, height, words, more = {}) { hits.push({px, py, width, height, words, ...more}); }
function clip(py, height) {
  pen.save(); pen.beginPath(); pen.rect(area.left, py, area.width, height); pen.clip();
}
function clamped(begins, ends, least = 1) {
  const from = Math.max(x(begins), area.left), to = Math.min(x(ends), area.left + area.width);
  return to < area.left || from > area.left + area.width ? null : [from, Math.max(to - from, least)];
}

function drawAxis() {
  const row = area.rows.axis, length = view.ends - view.begins;
  const most = Math.max(area.width / 90, 2);
  const step = STEPS.find((one) => length / one <= most) ?? STEPS.at(-1);
  const origin = (data.startMs % 86400000) * 1000 + data.startUs;
  text("UTC", area.left - 6, row.top + 13, colours.dim, "right");
  for (let at = Math.ceil((view.begins + origin) / step) * step - origin; at <= view.ends; at += step) {
    const px = x(at);
    line(px, row.top + row.height, px, area.height, colours.grid);
    text(clock(at, step), Math.min(Math.max(px, area.left + 24), area.left + area.width - 24), row.top + 13, colours.dim, "center");
  }
}

// The largest (or mean) value of a step function in each pixel, as an area.
function drawSteps(steps, row, highest, colour, most) {
  const base = row.top + row.height - 3, height = row.height - 12;
  let place = Math.max(firstFrom(steps.at, view.begins) - 1, 0);
  pen.fillStyle = colour;
  const last = Math.ceil(area.width);
  for (let px = 0; px < last; px++) {
    const from = timeAt(area.left + px), to = timeAt(area.left + px + 1);
    let value = 0;
    while (place + 1 < steps.at.length && steps.at[place + 1] <= from) place++;
    for (let next = place; next < steps.at.length && steps.at[next] < to; next++) {
      const until = next + 1 < steps.at.length ? steps.at[next + 1] : data.length;
      const part = Math.min(until, to) - Math.max(steps.at[next], from);
      if (part > 0) value = most ? Math.max(value, steps.value[next]) : value + steps.value[next] * part / (to - from);
      place = next;
    }
    if (value > 0) pen.fillRect(area.left + px, base - height * Math.min(value / highest, 1), 1, height * Math.min(value / highest, 1));
  }
}
function mostIn(steps) {
  let most = 0, place = Math.max(firstFrom(steps.at, view.begins) - 1, 0);
  for (; place < steps.at.length && steps.at[place] < view.ends; place++) most = Math.max(most, steps.value[place]);
  return most;
}
function drawLoad() {
  const {waiting, busy} = area.rows, highest = Math.max(load.waiting.most, 1), there = Math.max(load.workers.most, 1);
  name("waiting", waiting); name("busy", busy);
  text(count(load.waiting.most), area.left - 6, waiting.top + 11, colours.dim, "right");
  text(count(load.workers.most), area.left - 6, busy.top + 11, colours.dim, "right");
  if (load.waiting.most) drawSteps(load.waiting, waiting, highest, colours.wait, true);
  else text("no message had to wait for a worker", area.left + 4, waiting.top + waiting.height / 2 + 4, colours.dim);
  drawSteps(load.busy, busy, there, colours.busy, false);
  line(area.left, busy.top + 9, area.left + area.width, busy.top + 9, colours.ink, 1, [3, 3]);
  hit(area.left, waiting.top, area.width, waiting.height, null, {tip: (at) => [`${clock(at)}: ${counted(valueAt(load.waiting, at), "message")} waiting`]});
  hit(area.left, busy.top, area.width, busy.height, null, {tip: (at) => [`${clock(at)}: ${count(valueAt(load.busy, at))} of ${counted(valueAt(load.workers, at), "worker")} busy`]});
}
function valueAt(steps, at) {
  const place = firstFrom(steps.at, at + 0.5) - 1;
  return place < 0 ? 0 : steps.value[place];
}

function drawLeader() {
  const row = area.rows.leader;
  name("leader", row);
  for (const [server, epoch, begins, ends, why] of data.terms) {
    const place = clamped(begins, ends);
    if (!place) continue;
    const [px, width] = place, words = `${server} leads, epoch ${epoch}`;
    box(px, row.top + 3, width, row.height - 6, colours.servers[Math.max(servers.indexOf(server), 0) % 8]);
    const short = [words, server].find((one) => pen.measureText(one).width + 8 < width);
    if (short) text(short, px + 4, row.top + 15);
    hit(px, row.top, width, row.height, [words, `${clock(begins)} to ${clock(ends)}, ${span(ends - begins)}`, why]);
  }
}

function nameDues() {
  for (let n = 0; n < JOB_ROWS; n++) {
    name(JOB_ROWS === 1 && shownJobs.length > 1 ? `due: ${shownJobs.length} jobs` : `due: ${data.jobs[shownJobs[n]][1]}`, area.rows[`due${n}`]);
  }
}
// The due instants that the filter leaves, by row and outcome, in order: [row, outcome, places].
let dueGroups = [];
function groupDues() {
  const groups = new Map();
  const rowOf = new Map(shownJobs.map((job, row) => [job, JOB_ROWS === 1 ? 0 : row]));
  for (let n = 0; n < dues.at.length; n++) {
    if (!matching[dues.job[n]]) continue;
    const row = rowOf.get(dues.job[n]), key = dues.outcome[n] * 100 + row;
    if (!groups.has(key)) groups.set(key, [row, dues.outcome[n], []]);
    groups.get(key)[2].push(n);
  }
  // What is out of the ordinary is drawn last, over the rest.
  dueGroups = [...groups.values()].sort((one, two) => one[1] - two[1])
    .map(([row, outcome, places]) => ({row, outcome, places, at: Float64Array.from(places, (n) => dues.at[n])}));
}
function drawDues() {
  const half = (view.ends - view.begins) / area.width / 2;
  for (const {row: number, outcome, places, at} of dueGroups) {
    const row = area.rows[`due${number}`], bottom = row.top + row.height - 2;
    let n = firstFrom(at, view.begins);
    pen.beginPath();
    while (n < at.length && at[n] <= view.ends) {
      const px = Math.round(x(at[n]) * 2) / 2, first = n;
      pen.moveTo(px, row.top + 2);
      pen.lineTo(px, bottom);
      n = n + 1 < at.length && at[n + 1] - at[n] > half ? n + 1 : firstFrom(at, at[n] + half + 0.1);
      const more = n - first - 1;
      hit(px - 2, row.top, 4, row.height, null, {tip: () => aboutDue(places[first], more)});
    }
    pen.strokeStyle = colours.dues[outcome];
    pen.lineWidth = outcome ? 2.5 : 1.2;
    pen.stroke();
  }
}

function aboutDue(n, more) {
  const others = more ? `, and ${counted(more, "other")} in this place` : "";
  return [`${data.jobs[dues.job[n]][1]}: ${DUE_WORDS[dues.outcome[n]]}`, `due at ${clock(dues.at[n])}${others}`];
}

function laneTop(place) { return area.top + place * LANE - stage.scrollTop; }

function drawLanes() {
  let inView = 0, binned = 0;
  for (const [place, number] of visibleLanes.entries()) {
    const top = laneTop(place);
    if (top + LANE < area.top || top > area.height) continue;
    const lane = lanes[number];
    drawPresence(lane, top);
    const [seen, small] = drawRuns(lane, top);
    inView += seen; binned += small;
  }
  if (data.unclaimed.length) drawUnclaimed();
  drawFaults();
  return [inView, binned];
}
function drawPresence(lane, top) {
  if (!lane.server) return box(area.left, top, area.width, LANE - 2, colours.ground);
  for (const [server, begins, ends] of data.members) {
    const place = server === lane.server && clamped(begins, ends, 0);
    if (place) box(place[0], top, place[1], LANE - 2, colours.ground);
  }
}
function drawRuns(lane, top) {
  const high = LANE > 12 ? LANE - 8 : LANE - 3, perPixel = area.width / (view.ends - view.begins);
  let bin = null, inView = 0, binned = 0, leadUntil = -Infinity;
  const flush = () => {
    if (!bin) return;
    pen.globalAlpha = Math.min(0.25 + 0.75 * bin.busy / (bin.until - bin.px), 1);
    box(bin.px, top + 1, bin.until - bin.px, high, bin.failed ? colours.bad : bin.job < 0 ? colours.busy : colours.jobs[bin.job % 8]);
    pen.globalAlpha = 1;
    bin = null;
  };
  const first = firstFrom(lane.latest, view.begins);
  for (let n = first; n < lane.runs.length; n++) {
    const run = lane.runs[n], begins = runs.begins[run];
    if (begins > view.ends) break;
    if (runs.ends[run] < view.begins || !matching[runs.job[run]]) continue;
    inView++;
    const px = x(begins), width = (runs.ends[run] - begins) * perPixel;
    if (runs.lead[run] < begins) {
      const from = Math.max(x(runs.lead[run]), leadUntil, area.left);
      if (px - from >= 0.4) line(from, top + LANE - 4, px, top + LANE - 4, colours.wait, LANE > 12 ? 2 : 1);
      leadUntil = Math.max(leadUntil, px);
    }
    if (width < BIN) {
      binned++;
      if (bin && px > bin.px + BIN) flush();
      bin ??= {px, until: px + BIN, busy: 0, job: runs.job[run], failed: false};
      bin.busy += width;
      if (bin.job !== runs.job[run]) bin.job = -1;
      bin.failed ||= runs.outcome[run] === 1 || runs.outcome[run] === 3;
      continue;
    }
    flush();
    drawRun(run, px, top + 1, width, high);
  }
  flush();
  return [inView, binned];
}
function drawRun(run, px, top, width, high) {
  const from = Math.max(px, area.left), shown = Math.min(px + width, area.left + area.width) - from, outcome = runs.outcome[run];
  if (shown <= 0) return;
  box(from, top, shown, high, colours.jobs[runs.job[run] % 8]);
  if (outcome === 3) { box(from + 1, top + 1, shown - 2, high - 2, colours.paper); pen.strokeStyle = colours.bad; pen.lineWidth = 1.5; pen.strokeRect(from + 0.75, top + 0.75, shown - 1.5, high - 1.5); }
  if (outcome === 1) cross(from + shown / 2, top + high / 2, colours.paper, 3);
  if (shown > 46 && LANE > 12 && outcome !== 1) text(data.jobs[runs.job[run]][1], from + 4, top + high / 2 + 4, outcome === 3 ? colours.ink : colours.paper, "left", shown - 8);
  if (run === selected) { pen.strokeStyle = colours.ink; pen.lineWidth = 2; pen.strokeRect(from, top, shown, high); }
}
function cross(px, py, colour, size = 4) {
  line(px - size, py - size, px + size, py + size, colour, 2);
  line(px - size, py + size, px + size, py - size, colour, 2);
}

// The lanes of a server: from the top of the first to the bottom of the last; of the store, all.
function reach(target) {
  const places = [...visibleLanes.entries()].filter(([, n]) => target === "store" || lanes[n].server === target).map(([place]) => place);
  return places.length ? [laneTop(places[0]), laneTop(places.at(-1)) + LANE - 2] : null;
}
function drawFaults() {
  for (const [words, target, begins, ends] of data.faults) {
    const place = clamped(begins, ends, 2), rows = reach(target);
    if (!place || !rows) continue;
    pen.globalAlpha = 0.17; box(place[0], rows[0], place[1], rows[1] - rows[0], colours.bad); pen.globalAlpha = 1;
    hit(place[0], rows[0], place[1], rows[1] - rows[0], [words, `${clock(begins)} to ${clock(ends)}, ${span(ends - begins)}`], {weak: true});
  }
  for (const [server, , ends, , how] of data.members) {
    const rows = how && reach(server);
    if (rows && ends >= view.begins && ends <= view.ends) {
      cross(x(ends), (rows[0] + rows[1]) / 2, colours.bad, 5);
      hit(x(ends) - 6, rows[0], 12, rows[1] - rows[0], [`${server} ${how}`, `at ${clock(ends)}`]);
    }
  }
}

// The messages that waited and were not run, each a dashed line, in as many rows as there is room.
function drawUnclaimed() {
  const top = laneTop(visibleLanes.length) + 6, rows = (UNCLAIMED - 8) / 3;
  for (const [n, [begins, ends, job]] of data.unclaimed.entries()) {
    const place = matching[job] && clamped(begins, ends), y = top + (n % Math.floor(rows)) * 3;
    if (place) line(place[0], y, place[0] + place[1], y, colours.wait, 1.4, [3, 2]);
  }
}

function drawNames() {
  if (data.unclaimed.length) name(`not run: ${count(data.unclaimed.length)}`, {top: laneTop(visibleLanes.length), height: 20});

  for (const [place, number] of visibleLanes.entries()) {
    const top = laneTop(place), lane = lanes[number];
    if (top + LANE < area.top || top > area.height) continue;
    if (LANE > 12 || lane.worker === 1) name(LANE > 12 ? lane.label : lane.server, {top: top - 2, height: LANE});
  }
}

// From the due instant in the head to the run in its lane: the wait of one run.
function drawLead(run) {
  const place = visibleLanes.indexOf(runs.lane[run]);
  if (place < 0) return;
  const row = JOB_ROWS ? area.rows[`due${JOB_ROWS === 1 ? 0 : shownJobs.indexOf(runs.job[run])}`] : null;
  const top = laneTop(place) + 1, y = row ? row.top + row.height : area.top;
  line(x(runs.lead[run]), y, x(runs.lead[run]), y + 6, colours.wait, 2.5);
  line(x(runs.lead[run]), y + 6, x(runs.begins[run]), Math.max(top, area.top), colours.wait, 1.8);
}

function drawPins() {
  const row = area.rows.pins;
  let free = -Infinity;
  const importance = new Map();
  for (const [number, [kind, begins, ends, words]] of data.incidents.entries()) {
    if (begins > view.ends || ends < view.begins) continue;
    const px = Math.min(Math.max(x(begins), area.left), area.left + area.width);
    if (number === pinned) { pen.globalAlpha = 0.12; const p = clamped(begins, ends, 2); if (p) box(p[0], row.top + 20, p[1], area.height, colours.ink); pen.globalAlpha = 1; }
    if (kind === "violation") {
      line(px, row.top + 18, px, area.height, colours.bad, 1.5);
    }
    if (px < free && kind !== "violation" && number !== pinned) { importance.set(px, 1); continue; }
    free = px + 18;
    pen.fillStyle = kind === "violation" ? colours.bad : number === pinned ? colours.wait : colours.dim;
    pen.beginPath(); pen.arc(px, row.top + 9, 8, 0, 7); pen.fill();
    text(String(number + 1), px, row.top + 12.5, colours.paper, "center");
    hit(px - 9, row.top, 18, 20, [words, clock(begins) + (ends > begins ? ` to ${clock(ends)}` : "")], {incident: number});
  }
}
function drawFlags() {
  for (const [at, rule, what] of data.flags) {
    if (at < view.begins || at > view.ends) continue;
    const px = x(at);
    pen.fillStyle = colours.bad;
    pen.beginPath(); pen.moveTo(px, area.top - 6); pen.lineTo(px + 9, area.top - 2); pen.lineTo(px, area.top + 2); pen.fill();
    line(px, area.top - 6, px, area.height, colours.bad, 1);
    hit(px - 3, area.top - 8, 14, 14, [`${rule} is broken`, what, `at ${clock(at)}`]);
  }
}

function draw() {
  hits = [];
  pen.clearRect(0, 0, area.all, area.height);
  pen.font = "12px system-ui, sans-serif";
  drawAxis();
  pen.save(); pen.beginPath(); pen.rect(0, area.top - 2, area.all, area.height); pen.clip();
  drawNames();
  clip(area.top - 2, area.height);
  const [inView, binned] = drawLanes();
  pen.restore(); pen.restore();
  if (load) drawLoad();
  if (data.terms.length) drawLeader();
  nameDues();
  clip(0, area.height);
  drawDues();
  drawFlags();
  if (hovered >= 0) drawLead(hovered);
  if (selected >= 0 && selected !== hovered) drawLead(selected);
  pen.restore();
  if (data.incidents.length) drawPins();
  report(inView, binned);
}
