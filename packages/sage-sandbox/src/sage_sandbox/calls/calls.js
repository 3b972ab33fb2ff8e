"use strict";
// Asks for calls newer than the last one shown; a changed search begins anew.
const form = document.getElementById("search");
const body = document.getElementById("calls");
const count = document.getElementById("count");
const pause = document.getElementById("pause");
const SHOWN_MAX = 1000;
let after = 0;
let round = 0;

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function search() {
  const wanted = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) wanted.set(name, value);
  return wanted;
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

function half(title, headers, text, bytes) {
  const part = document.createDocumentFragment();
  part.append(element("h2", `${title}, ${bytes} bytes`));
  part.append(element("pre", Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n")));
  if (text) part.append(element("pre", text.length < bytes ? text : pretty(text)));
  return part;
}

function details(call) {
  const box = element("details");
  box.append(element("summary", `${call.method} ${call.url}`));
  box.addEventListener("toggle", () => {
    if (!box.open || box.children.length > 1) return;
    if (call.error) box.append(element("p", call.error, "rule"));
    if (call.faultId) box.append(element("p", `Struck by fault ${call.faultId}`));
    box.append(half("Request", call.requestHeaders, call.requestBody, call.requestBytes));
    box.append(half("Response", call.responseHeaders, call.responseBody, call.responseBytes));
  });
  return box;
}

function row(call) {
  const made = element("tr", undefined, call.rule ? "refused" : call.faultId ? "struck" : "");
  made.dataset.callId = call.callId;
  made.append(element("td", call.at.slice(11, 23), "when"));
  made.append(element("td", call.direction === "in" ? "outside" : "sandbox", "from"));
  const called = element("td");
  called.append(details(call));
  made.append(called);
  made.append(element("td", call.status ?? "none", "number"));
  made.append(element("td", call.durationMs, "number"));
  const rule = call.rule;
  made.append(element("td", rule ? `${rule.section} ${rule.code}: ${rule.message}${rule.path ? ` (${rule.path})` : ""}` : "", "rule"));
  made.setAttribute("role", "row");
  for (const cell of made.children) cell.setAttribute("role", "cell");
  return made;
}

async function look() {
  const mine = round;
  if (!form.checkValidity()) return;
  const wanted = search();
  wanted.set("after", after);
  try {
    const response = await fetch(`/admin/calls?${wanted}`);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const found = await response.json();
    if (mine !== round) return;
    for (const call of found) {
      body.prepend(row(call));
      after = Math.max(after, call.callId);
    }
    while (body.children.length > SHOWN_MAX) body.lastElementChild.remove();
    count.textContent = `${body.children.length} shown`;
  } catch (problem) {
    count.textContent = `No answer from the sandbox: ${problem.message}`;
  }
}

function again() {
  round += 1;
  after = 0;
  body.replaceChildren();
  for (const name of ["jsonl", "har"]) {
    const wanted = search();
    wanted.set("format", name);
    document.getElementById(name).href = `/admin/calls/export?${wanted}`;
  }
  look();
}

form.addEventListener("input", again);
form.addEventListener("submit", (event) => event.preventDefault());
pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Go on" : "Pause";
});
document.getElementById("empty").addEventListener("click", async () => {
  await fetch("/admin/calls", { method: "DELETE" });
  again();
});
setInterval(() => { if (pause.getAttribute("aria-pressed") !== "true") look(); }, 1000);
again();
