// What the pages of runs do beyond links and forms: they follow what goes on, load what takes longer, and copy.
"use strict";
// The token says that it is a page of this service that asks; without it, the hub's login is asked for again.
const PART = { "X-Sandbox-Part": "1", "X-XSRFToken": document.currentScript.dataset.token };
// A run that has ended stops its session, says how it went, and sends its mails: that takes some seconds more.
const REST_SECONDS = 10, SECONDS_AFTER_THE_END = 20, MOST_FAILURES = 3, GONE = 404;

async function part(address) {
  const answer = await fetch(address, { headers: PART, credentials: "same-origin", redirect: "manual" });
  if (answer.ok) return answer.text();
  throw Object.assign(new Error(String(answer.status)), { status: answer.status });
}

const reachable = where => [...where.querySelectorAll("a, button, summary, [tabindex]")];

// Keeps what a reader has opened or closed, and where the keyboard is.
function replace(where, html) {
  const open = [...where.querySelectorAll("details")].map(each => each.open);
  const place = reachable(where).indexOf(document.activeElement), label = document.activeElement.textContent;
  where.innerHTML = html;
  const details = [...where.querySelectorAll("details")];
  if (details.length === open.length) details.forEach((each, number) => { each.open = open[number]; });
  const again = place < 0 ? undefined : reachable(where)[place];
  if (again && again.textContent === label) again.focus({ preventScroll: true });
}

function say(where, text) {
  const note = document.createElement("p");
  note.className = "note";
  note.setAttribute("role", "status");
  note.textContent = text;
  where.before(note);
}

function follow(where) {
  const seconds = Number(where.dataset.live), rest = document.querySelector("[data-rest]");
  let shown = null, shownRest = null, since = 0, ended = 0, failures = 0;
  const step = async () => {
    if (!document.hidden) {
      try {
        const html = await part(location.href);
        if (html !== shown) replace(where, html);
        shown = html;
        since += seconds;
        const goesOn = !rest || where.querySelector("[data-goes-on]");
        if (rest && (!goesOn || since >= REST_SECONDS)) {
          since = 0;
          const more = await part(rest.dataset.rest);
          if (more !== shownRest) replace(rest, more);
          shownRest = more;
        }
        failures = 0;
        if (!goesOn && (ended += seconds) > SECONDS_AFTER_THE_END) return;
      } catch (error) {
        failures += 1;
        if (error.status === GONE) return say(where, "This run was deleted.");
        if (failures === MOST_FAILURES) return say(where, "This page is not followed any more: the hub does not answer, or your login has ended. Load it again.");
      }
    }
    setTimeout(step, seconds * 1000 * (failures + 1));
  };
  setTimeout(step, seconds * 1000);
}

async function load(where) {
  try {
    where.innerHTML = await part(where.dataset.load);
  } catch { /* the link stays */ }
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } else {  // browsers have it for https and for this machine only
    getSelection().selectAllChildren(source);
    button.textContent = "Selected";
  }
}

document.querySelectorAll("[data-live]").forEach(follow);
document.querySelectorAll("[data-load]").forEach(load);
document.addEventListener("click", event => event.target.dataset.copy && copy(event.target));
