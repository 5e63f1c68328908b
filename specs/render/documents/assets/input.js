// Mouse, touch, keys and filters change the view, and the view is drawn anew once a frame.
const tip = document.getElementById("timeline-tip");
const status = document.getElementById("timeline-status");
let frame = 0;
function redraw() {
  frame ||= requestAnimationFrame(() => { frame = 0; draw(); });
}
function relayOut() { applyFilter(); layOut(); redraw(); }

function report(inView, binned) {
  const length = view.ends - view.begins;
  const step = length > 2 * MINUTE ? SECOND : length > 2 * SECOND ? 1000 : 1;
  const day = (at) => (data.hasDays ? `${clock(at, DAY)} ` : "");
  const words = [`${day(view.begins)}${clock(view.begins, step)} to ${day(view.ends)}${clock(view.ends, step)} UTC (${span(length)})`, `${counted(inView, "run")} in view`];
  if (binned) words.push(`${count(binned)} of them too short to see: drawn as bins of ${BIN} px, the darker the busier`);
  const hidden = matching.filter((one) => !one).length;
  if (hidden) words.push(`${counted(hidden, "job")} hidden by the filter`);
  status.textContent = words.join(" · ");
  stage.dataset.inView = inView;
  stage.dataset.binned = binned;
}

// --- the view

const SHORTEST = 20; // µs
function show(begins, ends) {
  let length = Math.min(Math.max(ends - begins, SHORTEST), Math.max(data.length, SHORTEST));
  let first = Math.min(Math.max(begins, 0), Math.max(data.length - length, 0));
  view.begins = first;
  view.ends = first + length;
  redraw();
}
function zoom(factor, at = (view.begins + view.ends) / 2) {
  const length = Math.min((view.ends - view.begins) * factor, data.length);
  const share = (at - view.begins) / (view.ends - view.begins);
  const begins = at - length * share;
  show(begins, begins + length);
}
function pan(share) {
  const by = (view.ends - view.begins) * share;
  const begins = Math.min(Math.max(view.begins + by, 0), data.length - (view.ends - view.begins));
  show(begins, begins + view.ends - view.begins);
}
function showIncident(number) {
  pinned = number;
  const [, begins, ends] = data.incidents[number];
  const around = Math.max((ends - begins) * 0.6, data.length / 100, SHORTEST);
  show(begins - around, ends + around);
  for (const [place, button] of document.querySelectorAll(".incidents button").entries()) {
    button.setAttribute("aria-current", place === number);
  }
  stage.scrollIntoView({block: "nearest"});
  history.replaceState(null, "", `#incident-${number + 1}`);
}
function select(run) {
  selected = run;
  if (run < 0) { tip.hidden = true; redraw(); return; }
  const middle = (runs.begins[run] + runs.ends[run]) / 2;
  if (middle < view.begins || middle > view.ends) {
    const half = (view.ends - view.begins) / 2;
    show(middle - half, middle + half);
  }
  const place = visibleLanes.indexOf(runs.lane[run]), top = laneTop(place);
  if (top < area.top || top + LANE > area.height) stage.scrollTop = Math.max(place * LANE - 40, 0);
  redraw();
  requestAnimationFrame(() => showTip(aboutRun(run), x(runs.begins[run]) + 12, laneTop(place) + LANE + 4));
}
// The next run beside the selected one: in its lane, or in the next lane at nearly the same time.
function move(along, across) {
  if (selected < 0) {
    const first = visibleLanes.map((n) => lanes[n].runs.find((run) => runs.ends[run] >= view.begins && matching[runs.job[run]])).find((run) => run !== undefined);
    return select(first ?? -1);
  }
  let place = visibleLanes.indexOf(runs.lane[selected]);
  if (across) {
    for (place += across; place >= 0 && place < visibleLanes.length; place += across) {
      const of = lanes[visibleLanes[place]].runs.filter((run) => matching[runs.job[run]]);
      if (!of.length) continue;
      const distance = (run) => Math.abs(runs.begins[run] - runs.begins[selected]);
      return select(of.reduce((best, run) => distance(run) < distance(best) ? run : best));
    }
    return undefined;
  }
  const of = lanes[runs.lane[selected]].runs;
  for (let n = of.indexOf(selected) + along; n >= 0 && n < of.length; n += along) {
    if (matching[runs.job[of[n]]]) return select(of[n]);
  }
  return undefined;
}

// --- what a place shows

function aboutRun(run) {
  const [id, name, service] = data.jobs[runs.job[run]], lane = lanes[runs.lane[run]];
  const attempt = runs.attempt[run] > 1 ? `, attempt ${runs.attempt[run]}` : "";
  const lines = [
    `${name}${name === id ? "" : ` (${id})`}: ${OUTCOME_WORDS[runs.outcome[run]]}`,
    `${data.hasMessages ? `message ${runs.message[run]}${attempt} on ` : ""}${lane.label}${service ? `, service ${service}` : ""}`,
    `started ${clock(runs.begins[run])}, ran ${span(runs.ends[run] - runs.begins[run])}`,
  ];
  const wait = runs.begins[run] - runs.lead[run];
  if (wait > 0) lines.push(`waited ${span(wait)}, since ${clock(runs.lead[run])}`);
  return lines;
}
function runAt(px, py) {
  if (py < area.top || px < area.left) return -1;
  const place = Math.floor((py - area.top + stage.scrollTop) / LANE), lane = lanes[visibleLanes[place]];
  if (!lane) return -1;
  const at = timeAt(px), slack = (view.ends - view.begins) / area.width * 2;
  for (let n = firstFrom(lane.latest, at - slack); n < lane.runs.length; n++) {
    const run = lane.runs[n];
    if (runs.begins[run] > at + slack) return -1;
    if (runs.ends[run] >= at - slack && matching[runs.job[run]]) return run;
  }
  return -1;
}
function hitAt(px, py, weak) {
  return hits.findLast((one) => Boolean(one.weak) === weak && px >= one.px && px <= one.px + one.width && py >= one.py && py <= one.py + one.height);
}
function showTip(lines, px, py) {
  tip.replaceChildren(...lines.filter((one) => one).map((words) => {
    const row = document.createElement("div");
    row.textContent = words;
    return row;
  }));
  tip.hidden = false;
  tip.style.left = `${Math.max(Math.min(px + 14, stage.clientWidth - tip.offsetWidth - 4), 0)}px`;
  const below = py + 16 + tip.offsetHeight < area.height || py - tip.offsetHeight < 8;
  tip.style.top = `${below ? py + 16 : py - tip.offsetHeight - 8}px`;
}
function hover(px, py) {
  const strong = hitAt(px, py, false), run = runAt(px, py);
  const found = strong ?? (run >= 0 ? null : hitAt(px, py, true));
  if (hovered !== (strong ? -1 : run)) { hovered = strong ? -1 : run; redraw(); }
  const lines = found ? found.words ?? found.tip(timeAt(px)) : run >= 0 ? aboutRun(run) : null;
  if (lines) showTip(lines, px, py); else tip.hidden = true;
  canvas.style.cursor = found?.incident !== undefined || run >= 0 ? "pointer" : "grab";
}

// --- pointers

const pointers = new Map();
let drag = null;
const local = (event) => { const at = canvas.getBoundingClientRect(); return [event.clientX - at.left, event.clientY - at.top]; };
canvas.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, local(event));
  canvas.setPointerCapture(event.pointerId);
  const [px, py] = local(event);
  drag = {px, py, begins: view.begins, ends: view.ends, moved: false, top: stage.scrollTop, apart: apart()};
});
function apart() {
  const [one, two] = [...pointers.values()];
  return two ? Math.max(Math.abs(one[0] - two[0]), 10) : 0;
}
canvas.addEventListener("pointermove", (event) => {
  const [px, py] = local(event);
  if (!pointers.has(event.pointerId)) return hover(px, py);
  pointers.set(event.pointerId, [px, py]);
  if (pointers.size === 2 && drag.apart) {
    const length = (drag.ends - drag.begins) * drag.apart / apart(), middle = (drag.begins + drag.ends) / 2;
    drag.moved = true;
    return show(middle - length / 2, middle + length / 2);
  }
  if (Math.abs(px - drag.px) + Math.abs(py - drag.py) > 4) drag.moved = true;
  if (!drag.moved) return undefined;
  tip.hidden = true;
  const by = (drag.px - px) / area.width * (drag.ends - drag.begins);
  stage.scrollTop = drag.top + drag.py - py;
  const begins = Math.min(Math.max(drag.begins + by, 0), data.length - (drag.ends - drag.begins));
  return show(begins, begins + drag.ends - drag.begins);
});
canvas.addEventListener("pointerup", (event) => {
  pointers.delete(event.pointerId);
  if (!drag || drag.moved) return;
  const [px, py] = local(event), found = hitAt(px, py, false);
  if (found?.incident !== undefined) showIncident(found.incident); else select(runAt(px, py));
});
canvas.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
canvas.addEventListener("pointerleave", () => { if (!pointers.size) { hovered = -1; tip.hidden = true; redraw(); } });
canvas.addEventListener("dblclick", (event) => zoom(0.25, timeAt(local(event)[0])));
canvas.addEventListener("wheel", (event) => {
  const [px] = local(event);
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    zoom(Math.exp(event.deltaY * (event.deltaMode ? 0.05 : 0.002)), timeAt(px));
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    pan((event.deltaX || event.deltaY) / area.width);
  }
}, {passive: false});
stage.addEventListener("scroll", redraw);

// --- keys and filters

const KEYS = {
  ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2),
  ArrowUp: () => { stage.scrollTop -= LANE * 3; }, ArrowDown: () => { stage.scrollTop += LANE * 3; },
  "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "0": () => show(0, data.length), Home: () => show(0, data.length),
  n: () => data.incidents.length && showIncident((pinned + 1) % data.incidents.length),
  p: () => data.incidents.length && showIncident((pinned <= 0 ? data.incidents.length : pinned) - 1),
  l: () => move(1, 0), h: () => move(-1, 0), j: () => move(0, 1), k: () => move(0, -1),
  Enter: () => { if (selected >= 0) { const around = Math.max((runs.ends[selected] - runs.lead[selected]) * 0.3, SHORTEST); show(runs.lead[selected] - around, runs.ends[selected] + around); select(selected); } },
  Escape: () => select(-1),
};
canvas.addEventListener("keydown", (event) => {
  const action = KEYS[event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
});
for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => KEYS[button.dataset.do]());
}
for (const [number, button] of document.querySelectorAll(".incidents button").entries()) {
  button.addEventListener("click", () => showIncident(number));
}
for (const button of document.querySelectorAll("[data-at]")) {
  button.addEventListener("click", () => {
    const at = Number(button.dataset.at), around = Math.max(data.length / 100, SHORTEST);
    show(at - around, at + around);
    stage.scrollIntoView({block: "center"});
    canvas.focus();
  });
}
for (const field of document.querySelectorAll("[data-filter]")) {
  field.addEventListener("input", () => { filter[field.dataset.filter] = field.value; selected = hovered = -1; relayOut(); });
}
document.getElementById("timeline-clear").addEventListener("click", () => {
  for (const field of document.querySelectorAll("[data-filter]")) { field.value = ""; filter[field.dataset.filter] = ""; }
  relayOut();
});
addEventListener("resize", relayOut);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });
document.getElementById("timeline").hidden = false;
readColours();
relayOut();
if (load) stage.dataset.mostWaiting = load.waiting.most;
const linked = location.hash.match(/^#incident-(\d+)$/); // a link to one incident
if (linked && data.incidents[linked[1] - 1]) showIncident(linked[1] - 1);
