// What the pages do beyond what they do without a script: every page works without it.
import { showTimes, nameZone } from "./times.js";
import { previewWhileTyping } from "./preview.js";

showTimes(document);
nameZone();
const preview = document.getElementById("preview");
if (preview) previewWhileTyping(preview.closest("form"), preview);
