// Sends files in pieces (tus 1.0), so that a broken line costs one piece and not the whole file.

import { Announcer } from "../announcer.js";
import { element } from "../dom.js";

const { tus, formKey, maxSize, piece, signIn } = JSON.parse(document.getElementById("page-data").textContent);
const form = document.getElementById("deliver");
const drop = document.getElementById("drop");
const input = document.getElementById("dateien");
const gemeinde = document.getElementById("gemeinde");
const list = document.getElementById("transfers");
const announcer = new Announcer(document.getElementById("announcer"));
const PASSING = new Set([409, 423, 502, 503]); // what has arrived is kept, and the next try goes on from there
const HEADERS = { "Tus-Resumable": "1.0.0", "X-Form-Key": formKey };

let running = 0;

for (const hidden of document.querySelectorAll("[data-script]")) hidden.hidden = false;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  sendAll([...input.files]);
  form.querySelector("[type=file]").value = "";
});
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("desk-drop--over");
  });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("desk-drop--over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (gemeinde.reportValidity()) sendAll([...event.dataTransfer.files]);
});

// Whoever leaves the page now ends what is on its way; it goes on only when the file is chosen once more.
addEventListener("beforeunload", (event) => {
  if (running > 0) event.preventDefault();
});

async function sendAll(files) {
  running += 1;
  for (const file of files) await send(file, gemeinde.value);
  running -= 1;
}

async function send(file, ags) {
  const bar = element("progress", { max: "100", value: "0", "aria-label": `Übertragung von ${file.name}` });
  const said = element("p", {}, "wird übertragen …");
  list.append(element("li", {}, element("strong", {}, file.name), bar, said));
  if (file.size > maxSize) return end(said, "Die Datei ist größer als 500 MB.");
  if (file.size === 0) return end(said, "Die Datei ist leer.");
  try {
    const { address, offset } = await create(file, ags);
    document.querySelector(`#begun [data-transfer="${address}"]`)?.remove();
    const delivery = await sendRest(file, address, offset, bar, said);
    bar.value = 100;
    said.replaceChildren("übertragen: ", element("a", { href: delivery }, `Bericht zu ${file.name}`));
    announcer.say(`${file.name} ist übertragen.`);
  } catch (fault) {
    end(said, reason(fault));
    if (fault.status === 401) said.append(" ", element("a", { href: signIn }, "Neu anmelden"));
    if (fault.status === 403) said.append(" ", element("a", { href: location.pathname }, "Seite neu laden"));
  }
}

// The address of the delivery, once all has arrived.
async function sendRest(file, address, begin, bar, said) {
  let offset = begin;
  bar.value = (100 * offset) / file.size;
  for (let tries = 0; ; ) {
    try {
      const answer = await fetch(address, {
        method: "PATCH",
        headers: { ...HEADERS, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" },
        body: file.slice(offset, offset + piece),
      });
      if (answer.status !== 204) throw new Refused(answer.status);
      const kept = arrived(answer);
      if (kept.delivery) return kept.delivery;
      offset = kept.offset;
      tries = 0;
      bar.value = (100 * offset) / file.size;
    } catch (fault) {
      if ((fault instanceof Refused && !PASSING.has(fault.status)) || (tries += 1) > 6) throw fault;
      said.textContent = "Die Verbindung ist unterbrochen, es geht gleich weiter …";
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
      const kept = await reached(address);
      if (kept?.delivery) return kept.delivery; // only the answer was lost, or another page has sent the rest
      if (kept && kept.offset > offset) tries = 0;
      offset = kept?.offset ?? offset;
      said.textContent = "wird übertragen …";
    }
  }
}

class Refused extends Error {
  constructor(status) {
    super(String(status));
    this.status = status;
  }
}

function reason(fault) {
  const known = { 401: "Ihre Sitzung ist beendet. Wählen Sie die Datei nach der Anmeldung noch einmal: Es geht dort weiter, wo es aufgehört hat.", 403: "Das dürfen Sie für diese Gemeinde nicht, oder Sie haben sich neu angemeldet: Dann laden Sie bitte die Seite neu.", 413: "Die Datei ist zu groß, oder das Kontingent der Gemeinde ist erschöpft.", 429: "Es sind zu viele Übertragungen angefangen. Verwerfen Sie auf dieser Seite, was Sie nicht mehr senden wollen." };
  return known[fault.status] ?? "Die Übertragung ist gescheitert. Bitte versuchen Sie es noch einmal.";
}

function end(said, text) {
  said.textContent = text;
  announcer.say(text);
}

// A file of which a part has arrived before goes on there: the portal knows it by name, size and date.
async function create(file, ags) {
  const told = { filename: file.name, gemeinde: ags, lastmodified: String(file.lastModified) };
  const metadata = Object.entries(told).map(([name, value]) => `${name} ${base64(value)}`);
  const answer = await fetch(tus, {
    method: "POST",
    headers: { ...HEADERS, "Upload-Length": String(file.size), "Upload-Metadata": metadata.join(",") },
  });
  if (answer.status !== 201) throw new Refused(answer.status);
  return { address: answer.headers.get("Location"), offset: arrived(answer).offset };
}

async function reached(address) {
  const answer = await fetch(address, { method: "HEAD", headers: HEADERS }).catch(() => null);
  return answer?.ok ? arrived(answer) : null;
}

function arrived({ headers }) {
  return { offset: Number(headers.get("Upload-Offset")), delivery: headers.get("Upload-Delivery") };
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
