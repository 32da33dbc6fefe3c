// What the pages of runs do beyond links and forms: they follow what goes on, load what takes longer, and copy.
"use strict";
// The token says that it is a page of this service that asks; without it, the hub's login is asked for again.
const PART = { "X-Sandbox-Part": "1", "X-XSRFToken": document.currentScript.dataset.token };

async function part(address) {
  const answer = await fetch(address, { headers: PART, credentials: "same-origin", redirect: "manual" });
  return answer.ok ? answer.text() : null;
}

// Keeps what a reader has opened and where the keyboard is.
function replace(where, html) {
  const open = [...where.querySelectorAll("details[open] > summary")].map(each => each.textContent);
  const focused = where.contains(document.activeElement) ? document.activeElement : null;
  const address = focused && focused.getAttribute("href"), label = focused && focused.getAttribute("aria-label");
  where.innerHTML = html;
  for (const summary of where.querySelectorAll("details > summary"))
    if (open.includes(summary.textContent)) summary.parentElement.open = true;
  const again = [...where.querySelectorAll("a, [tabindex]")].find(
    each => (address && each.getAttribute("href") === address) || (label && each.getAttribute("aria-label") === label));
  if (again) again.focus({ preventScroll: true });
}

const REST_SECONDS = 10;

function follow(where) {
  const seconds = Number(where.dataset.live), rest = document.querySelector("[data-rest]");
  let shown = where.innerHTML, since = 0;
  const step = async () => {
    if (!document.hidden) {
      try {
        const html = await part(location.href);
        if (html !== null && html !== shown) {
          replace(where, html);
          shown = html;
        }
        since += seconds;
        const goesOn = !rest || where.querySelector("[data-goes-on]");
        if (rest && (!goesOn || since >= REST_SECONDS)) {
          since = 0;
          const more = await part(rest.dataset.rest);
          if (more !== null) replace(rest, more);
        }
        if (!goesOn) return;  // all of it is shown
      } catch { /* the hub is away for a moment */ }
    }
    setTimeout(step, seconds * 1000);
  };
  setTimeout(step, seconds * 1000);
}

async function load(where) {
  try {
    const html = await part(where.dataset.load);
    if (html !== null) where.innerHTML = html;
  } catch { /* the link stays */ }
}

async function copy(button) {
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  button.textContent = "Copied";
}

document.querySelectorAll("[data-live]").forEach(follow);
document.querySelectorAll("[data-load]").forEach(load);
document.addEventListener("click", event => event.target.dataset.copy && copy(event.target));
