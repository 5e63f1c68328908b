// Shows instants in the zone of the person who looks, and previews a definition while it is typed.
// Every page works without it.
"use strict";

const shown = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

function addLocalTimes(part) {
  for (const time of part.querySelectorAll("time[datetime]")) {
    time.title = shown.format(new Date(time.dateTime));
  }
}

function previewWhileTyping(form, preview) {
  let waiting = 0;
  let asked = 0;
  async function ask() {
    const number = ++asked;
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(preview.dataset.url, { method: "POST", body });
    const text = await answer.text();
    if (number !== asked || !answer.ok) return;
    preview.innerHTML = text; // our server's own page part, escaped there
    addLocalTimes(preview);
  }
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 250);
  });
  ask();
}

addLocalTimes(document);
const preview = document.getElementById("preview");
if (preview) previewWhileTyping(preview.closest("form"), preview);
