// Takes the user on when the bank's page in the frame is done. Without scripts, the last page in the frame has a link.
"use strict";
const frame = document.querySelector("[data-state]");

async function look() {
  let wait = Number(frame.dataset.wait);
  try {
    const answer = await fetch(frame.dataset.state, { cache: "no-store" });
    const told = await answer.json();
    if (told.next) {
      location.replace(told.next);
      return;
    }
    wait = told.wait;
  } catch {
    // the next look may succeed
  }
  setTimeout(look, Math.max(500, wait));
}

if (frame) setTimeout(look, Math.max(500, Number(frame.dataset.wait)));
