// Keeps a page up to date: the parts marked data-live are fetched anew as events happen, and events
// are added to the ticker. The button "Live" stops that. A part in which somebody works, with the
// keyboard or by selecting text, stays as it is.
import { showTimes } from "./times.js";

const SHORTEST = 1000; // ms between two fetches of a page, at least
const IDLE = 5000; // ms between two fetches without an event: durations grow
const SHARE = 20; // of the time at most one part goes into fetching a page
const MOST = 50; // lines of the ticker
const KEPT = "gnomon-live"; // whether the viewer wants it

const known = new Map(); // id of a part -> its text as it was fetched last
let source = null;
let timer = 0;
let retry = 0;
let pause = SHORTEST;
let has_news = false;

function isBusy(part) {
  const selection = document.getSelection();
  return part.contains(document.activeElement)
    || (selection && !selection.isCollapsed && part.contains(selection.anchorNode));
}

async function fetchParts() {
  const began = performance.now();
  const answer = await fetch(location.href, { cache: "no-store" });
  if (answer.redirected) return endLogin();
  if (!answer.ok) throw new Error("the page is not there");
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live][id]")) {
    const next = fresh.getElementById(part.id);
    if (!next || isBusy(part)) continue;
    const text = next.outerHTML;
    if (known.get(part.id) === text) continue;
    known.set(part.id, text);
    showTimes(next);
    part.replaceWith(next);
  }
  pause = Math.max(SHORTEST, SHARE * (performance.now() - began));
}

function plan(wait) {
  clearTimeout(timer);
  timer = setTimeout(refresh, wait);
}

async function refresh() {
  has_news = false;
  try {
    await fetchParts();
  } catch {
    pause = IDLE; // an outage: the stream reports it
  }
  if (source) plan(has_news ? pause : Math.max(IDLE, pause));
}

function line(event) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.dateTime = event.at.replace(/(\.\d{3})\d+Z$/, "$1Z");
  time.textContent = time.dateTime.replace("T", " ").replace("Z", "");
  const what = document.createElement("strong");
  what.textContent = event.what;
  item.append(time, " ", what, " ");
  if (event.job) {
    const link = document.createElement("a");
    link.href = `/admin/jobs/${encodeURIComponent(event.job)}`;
    link.textContent = `job ${event.job}`;
    item.append(link, " ");
  }
  item.append(event.text);
  showTimes(item);
  return item;
}

function tick(ticker, ticked) {
  if (!ticker || isBusy(ticker)) return;
  if (ticked.left_out > 0) {
    const item = document.createElement("li");
    item.textContent = `… ${ticked.left_out} events are not shown`;
    ticker.prepend(item);
  }
  for (const event of ticked.events) ticker.prepend(line(event));
  while (ticker.children.length > MOST) ticker.lastElementChild.remove();
}

// A page that needs a login is redirected to it: nothing more can be read here.
function endLogin() {
  stop();
  const button = document.querySelector("button.live");
  button.textContent = "Live: your login has ended";
  button.setAttribute("aria-pressed", "false");
}

function listen(ticker, button) {
  const after = ticker?.dataset.after ?? document.body.dataset.after ?? "";
  source = new EventSource(`/admin/events${after ? `?after=${after}` : ""}`);
  source.onmessage = (message) => {
    const ticked = JSON.parse(message.data);
    if (ticker) ticker.dataset.after = message.lastEventId;
    tick(ticker, ticked);
    button.textContent = "Live";
    if (!has_news) plan(pause);
    has_news = true;
  };
  source.addEventListener("outage", () => { button.textContent = "Live: the store is away"; });
  source.onerror = () => {
    button.textContent = "Live: not connected";
    if (source?.readyState !== EventSource.CLOSED) return; // it connects anew by itself
    retry = setTimeout(() => listen(ticker, button), IDLE);
    refresh(); // a page that needs a login now reports that
  };
  source.onopen = () => { button.textContent = "Live"; };
  plan(IDLE);
}

function stop() {
  source?.close();
  source = null;
  clearTimeout(timer);
  clearTimeout(retry);
}

export function follow() {
  const ticker = document.getElementById("ticker");
  const heading = document.querySelector("h1");
  if (!heading || !(ticker || document.querySelector("[data-live][id]"))) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "live";
  button.textContent = "Live";
  heading.after(button);
  const obey = () => {
    const wanted = localStorage.getItem(KEPT) !== "off";
    button.setAttribute("aria-pressed", String(wanted));
    stop();
    // A browser has few connections to a server: a page that nobody sees gives its own up.
    if (wanted && !document.hidden) listen(ticker, button);
  };
  button.addEventListener("click", () => {
    localStorage.setItem(KEPT, localStorage.getItem(KEPT) === "off" ? "on" : "off");
    obey();
  });
  document.addEventListener("visibilitychange", () => {
    obey();
    if (source) refresh();
  });
  obey();
}
