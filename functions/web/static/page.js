// What makes the page quicker; everything works without it.
"use strict";

(() => {
  const passages = [...document.querySelectorAll("article.passage")];
  const help = document.getElementById("help");
  const filters = document.getElementById("filters-switch");
  const form = document.getElementById("filter-form");

  const go = (step) => {
    const focused = passages.indexOf(document.activeElement?.closest?.("article.passage"));
    // None is at hand: the first that is in view is next.
    const inView = passages.findIndex((each) => each.getBoundingClientRect().bottom > 120);
    const place = focused >= 0 ? focused + step : step > 0 ? inView : inView - 1;
    const passage = passages[place];
    if (!passage) return turn(step > 0 ? "next" : "prev");
    passage.focus({ preventScroll: true });
    passage.scrollIntoView({ block: "nearest", behavior: "instant" });
  };
  const turn = (rel) => document.querySelector(`a[rel=${rel}]`)?.click();
  const toggle = () => {
    if (!filters) return;
    filters.checked = !filters.checked;
    filters.dispatchEvent(new Event("change"));
  };
  const search = () => {
    const field = document.getElementById("text") ?? document.getElementById("q");
    if (field && !field.checkVisibility()) toggle();
    field?.focus();
    field?.select();
  };
  const keys = {
    j: () => go(1),
    k: () => go(-1),
    n: () => turn("next"),
    p: () => turn("prev"),
    f: toggle,
    "/": search,
    "?": () => help?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest("input:not([type=checkbox], [type=radio]), select, textarea");
    if (writing || event.ctrlKey || event.metaKey || event.altKey || help?.open) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // Fields left empty say nothing: they need not stand in an address that is shared.
  form?.addEventListener("submit", () => {
    for (const field of form.elements) {
      if (field.name && field.value === "") field.disabled = true;
    }
  });
  // Back from the next page, the fields are there again.
  window.addEventListener("pageshow", () => {
    for (const field of form?.elements ?? []) field.disabled = false;
  });
  document.getElementById("sort")?.addEventListener("change", () => form.requestSubmit());
  // There is something to apply once something has been changed.
  const apply = document.querySelector(".toolbar .apply");
  if (apply) apply.hidden = true;
  form?.addEventListener("input", () => (apply.hidden = false));

  // Drag over a histogram to choose a range.
  for (const range of document.querySelectorAll("[data-histogram]")) {
    const drawing = range.querySelector("svg");
    const [low, high] = range.querySelectorAll("input");
    let start = null;
    const bin = (event) => {
      const box = drawing.getBoundingClientRect();
      const bars = drawing.querySelectorAll("a");
      const place = Math.floor(((event.clientX - box.left) / box.width) * bars.length);
      return Math.min(Math.max(place, 0), bars.length - 1);
    };
    const choose = (from, to) => {
      const bars = [...drawing.querySelectorAll("a")];
      const [first, last] = from < to ? [from, to] : [to, from];
      low.value = bars[first].dataset.low;
      high.value = bars[last].dataset.high;
      bars.forEach((bar, at) => bar.classList.toggle("chosen", at >= first && at <= last));
    };
    drawing.addEventListener("pointerdown", (event) => {
      start = bin(event);
      drawing.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    drawing.addEventListener("pointermove", (event) => {
      if (start !== null) choose(start, bin(event));
    });
    drawing.addEventListener("pointerup", (event) => {
      if (start === null) return;
      choose(start, bin(event));
      start = null;
      form.requestSubmit();
    });
    drawing.addEventListener("click", (event) => event.preventDefault());
    drawing.addEventListener("dragstart", (event) => event.preventDefault());
  }

  // A download in parts becomes one file.
  for (const parts of document.querySelectorAll("[data-parts]")) {
    const addresses = [...parts.querySelectorAll("a")].map((link) => link.href);
    const button = document.createElement("button");
    button.type = "button";
    const kind = parts.dataset.name.split(".").pop().toUpperCase();
    button.textContent = kind;
    parts.replaceChildren(button);
    button.addEventListener("click", async () => {
      const bodies = [];
      button.disabled = true;
      for (const address of addresses) {
        button.textContent = `${kind}, part ${bodies.length + 1} of ${addresses.length} …`;
        const answer = await fetch(address).catch(() => ({ ok: false }));
        if (!answer.ok) {
          const why = answer.status === 409 ? "published anew: load this page again" : "that failed: try again";
          button.textContent = `${kind} (${why})`;
          button.disabled = false;
          return;
        }
        bodies.push(await answer.blob());
      }
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(bodies));
      link.download = parts.dataset.name;
      link.click();
      URL.revokeObjectURL(link.href);
      button.textContent = `${kind} (saved)`;
      button.disabled = false;
    });
  }

  // What is unfolded and how far the panel is scrolled outlive the next page.
  const panel = document.getElementById("filters");
  const folds = [...document.querySelectorAll("details[data-facet]")];
  const remember = () => {
    const unfolded = Object.fromEntries(folds.map((fold) => [fold.dataset.facet, fold.open]));
    sessionStorage.setItem("filters", JSON.stringify({ unfolded, scrolled: panel.scrollTop }));
  };
  if (panel) {
    const kept = JSON.parse(sessionStorage.getItem("filters") ?? "{}");
    for (const fold of folds) fold.open = kept.unfolded?.[fold.dataset.facet] ?? fold.open;
    panel.scrollTop = kept.scrolled ?? 0;
    window.addEventListener("pagehide", remember);
  }

  const keysButton = document.getElementById("keys");
  if (keysButton) {
    keysButton.hidden = false;
    keysButton.addEventListener("click", keys["?"]);
  }

  // A run that goes on is looked at again, without losing the place; not while nobody looks.
  const live = () => document.querySelector("[data-running]");
  const look = async () => {
    const answer = document.hidden ? null : await fetch(location.href).catch(() => null);
    if (answer?.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.getElementById("live").replaceWith(fresh.getElementById("live"));
    }
    if (live()) setTimeout(look, 3000);
  };
  if (live()) setTimeout(look, 3000);
})();
