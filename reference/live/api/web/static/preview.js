// While somebody types a definition: says what it means, lists its next instants, and puts each
// fault beside its field.
import { showTimes } from "./times.js";

export function previewWhileTyping(form, preview) {
  const edited = new Set();
  let waiting = 0;
  let asked = 0;
  async function ask() {
    const number = ++asked;
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(preview.dataset.url, { method: "POST", body }).catch(() => null);
    if (!answer?.ok) return; // the next key asks again
    const text = await answer.text();
    if (number !== asked) return;
    preview.innerHTML = text; // our server's own page part, escaped there
    showTimes(preview);
    placeFaults(form, preview, edited);
  }
  form.addEventListener("input", (event) => {
    edited.add(event.target.name);
    if (event.target.closest("#interval")) edited.add("interval");
    clearTimeout(waiting);
    waiting = setTimeout(ask, 250);
  });
  ask();
}

// A fault that the server found when it refused the form stays until its field is edited: only the
// server knows whether a name is taken. In the preview, faults are read aloud and not seen.
function placeFaults(form, preview, edited) {
  for (const old of form.querySelectorAll(".fault[data-of]")) {
    if (old.classList.contains("live") || edited.has(old.dataset.of)) old.remove();
  }
  for (const found of preview.querySelectorAll(".fault[data-field]")) {
    const name = found.dataset.field;
    const field = form.querySelector(`#${CSS.escape(name)}`);
    const text = found.querySelector("span").textContent;
    if (!field) continue; // it is seen in the preview
    found.classList.add("of");
    const there = [...form.querySelectorAll(`.fault[data-of="${CSS.escape(name)}"]`)];
    if (there.some((fault) => fault.textContent === text)) continue;
    const beside = document.createElement("span");
    beside.className = "fault live";
    beside.dataset.of = name;
    beside.id = `fault-${name}-${there.length + 1}`;
    beside.textContent = text;
    (field.closest(".field") ?? field).append(beside);
  }
  for (const field of form.querySelectorAll("input[id], select[id], textarea[id]")) {
    const faults = [...form.querySelectorAll(`.fault[data-of="${CSS.escape(field.id)}"]`)];
    const hint = document.getElementById(`hint-${field.id}`);
    const texts = [hint, ...faults].filter(Boolean).map((text) => text.id);
    if (faults.length) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (texts.length) field.setAttribute("aria-describedby", texts.join(" "));
    else field.removeAttribute("aria-describedby");
  }
}
