// The list of films: its buttons and ticks are told to the server through two hidden boxes.
(() => {
  "use strict";

  const tell = (id, text) => {
    const box = document.querySelector(`#${id} textarea, #${id} input`);
    if (!box) return;
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  let asked = 0;
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest(".queue-open") : null;
    if (!button) return;
    // The count makes a second request for the same film a different value.
    asked += 1;
    tell("queue-opened", `${button.dataset.film}:${asked}`);
  });

  const drawAll = (table) => {
    const ticks = [...table.querySelectorAll(".queue-pick")];
    const chosen = ticks.filter((tick) => tick.checked);
    const all = table.querySelector("#queue-all");
    if (all) {
      all.checked = chosen.length > 0 && chosen.length === ticks.length;
      all.indeterminate = chosen.length > 0 && !all.checked;
    }
    return chosen.map((tick) => tick.value).join(",");
  };

  document.addEventListener("change", (event) => {
    if (!(event.target instanceof HTMLInputElement)) return;
    const table = event.target.closest(".queue-table");
    if (!table) return;
    if (event.target.id === "queue-all") {
      table.querySelectorAll(".queue-pick").forEach((tick) => (tick.checked = event.target.checked));
    }
    tell("queue-chosen", drawAll(table));
  });

  // Ticks the films that the server has as chosen.
  const drawTicks = () => {
    const table = document.querySelector(".queue-table");
    if (!table) return;
    const box = document.querySelector("#queue-chosen textarea, #queue-chosen input");
    const chosen = new Set((box ? box.value : "").split(","));
    table.querySelectorAll(".queue-pick").forEach((tick) => (tick.checked = chosen.has(tick.value)));
    const ticked = drawAll(table);
    // a film that is no longer listed is not chosen either
    if (box && box.value !== ticked) tell("queue-chosen", ticked);
  };

  window.bonegradeQueue = { drawTicks };
})();
