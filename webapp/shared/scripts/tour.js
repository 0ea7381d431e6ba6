// A short tour of the Assess tab. It is offered until it has been taken or turned down in this browser, and can be taken again.
(() => {
  "use strict";

  const SEEN = "bonegrade-tour-seen";
  let at = 0;
  let marked = null;

  // A browser may keep nothing: then the tour is offered again.
  const seen = (value) => {
    try {
      if (value) localStorage.setItem(SEEN, value);
      return localStorage.getItem(SEEN);
    } catch {
      return null;
    }
  };
  const dialog = () => document.getElementById("tour");
  const steps = () => [...dialog().querySelectorAll("section[data-at]")];
  const placeOf = (step) => {
    const part = document.querySelector(step.dataset.at);
    return part && part.getClientRects().length ? part : null;
  };

  const unmark = () => {
    marked?.classList.remove("tour-here");
    marked = null;
  };
  const show = () => {
    const all = steps();
    all.forEach((step, number) => (step.hidden = number !== at));
    unmark();
    marked = placeOf(all[at]);
    marked?.classList.add("tour-here");
    marked?.scrollIntoView({ block: "nearest" });
    document.getElementById("tour-title").textContent = `A short tour: ${at + 1} of ${all.length}`;
    dialog().querySelector("[data-tour=back]").disabled = at === 0;
    dialog().querySelector("[data-tour=next]").textContent = at === all.length - 1 ? "Done" : "Next";
  };
  const end = () => {
    unmark();
    dialog().close();
    document.querySelector(".masthead [data-tour=start]")?.focus();
  };
  const doing = {
    start: () => {
      seen("taken");
      document.querySelectorAll(".tour-offer").forEach((offer) => (offer.hidden = true));
      document.querySelector("#tabs [role=tab]")?.click();
      at = 0;
      dialog().show();
      show();
      dialog().querySelector("[data-tour=next]").focus();
    },
    back: () => {
      at = Math.max(0, at - 1);
      show();
    },
    next: () => {
      if (at === steps().length - 1) {
        end();
        return;
      }
      // What the tour is about is there once something has been assessed.
      if (at === 0 && !document.getElementById("bone-age")) document.getElementById("example-0")?.click();
      at += 1;
      show();
    },
    end,
    decline: () => {
      seen("declined");
      document.querySelectorAll(".tour-offer").forEach((offer) => (offer.hidden = true));
    },
  };
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-tour]") : null;
    if (button) doing[button.dataset.tour]();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && dialog()?.open) end();
  });

  document.documentElement.classList.toggle("tour-seen", seen() !== null);
})();
