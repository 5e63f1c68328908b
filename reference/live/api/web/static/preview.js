// Shows in words what a definition means, and its next instants, while somebody types it.
import { showTimes } from "./times.js";

export function previewWhileTyping(form, preview) {
  let waiting = 0;
  let asked = 0;
  async function ask() {
    const number = ++asked;
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(preview.dataset.url, { method: "POST", body });
    const text = await answer.text();
    if (number !== asked || !answer.ok) return;
    preview.innerHTML = text; // our server's own page part, escaped there
    showTimes(preview);
  }
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 250);
  });
  ask();
}
