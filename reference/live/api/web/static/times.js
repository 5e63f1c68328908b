// Writes instants in the zone of the person who looks; the server writes them in UTC.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const day = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", hourCycle: "h23" });

function inViewersZone(time) {
  const fraction = /\.\d+/.exec(time.dateTime)?.[0] ?? "";
  const at = new Date(time.dateTime);
  return `${day.format(at)} ${clock.format(at)}${fraction}`;
}

export function showTimes(part) {
  for (const there of part.querySelectorAll("[data-zone]")) {
    there.hidden = there.dataset.zone === zone; // it would repeat the viewer's own time
  }
  if (zone === "UTC") return;
  for (const time of part.querySelectorAll("time[datetime]")) {
    if (time.title) continue; // written before
    time.title = `${time.textContent} UTC`;
    time.textContent = inViewersZone(time);
  }
}

export function nameZone() {
  const place = document.getElementById("zone");
  if (zone === "UTC" || !place) return;
  place.textContent = `Instants are by your clock, in ${zone}, unless another zone is named; `
    + "fields of forms are in UTC.";
}
