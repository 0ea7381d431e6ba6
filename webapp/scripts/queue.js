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
    // The count makes the same film, asked for again, another word.
    if (button) tell("queue-opened", `${button.dataset.film}:${(asked += 1)}`);
  });

  document.addEventListener("change", (event) => {
    if (!(event.target instanceof HTMLInputElement)) return;
    const table = event.target.closest(".queue-table");
    if (!table) return;
    const ticks = [...table.querySelectorAll(".queue-pick")];
    if (event.target.id === "queue-all") ticks.forEach((tick) => (tick.checked = event.target.checked));
    const all = table.querySelector("#queue-all");
    const chosen = ticks.filter((tick) => tick.checked);
    if (all) {
      all.checked = chosen.length === ticks.length;
      all.indeterminate = chosen.length > 0 && !all.checked;
    }
    tell("queue-chosen", chosen.map((tick) => tick.value).join(","));
  });
})();
