// Saves the picture of a bone as it is shown: the crop under its map, with the scale, the weights and what it may be used for.
(() => {
  "use strict";

  const SIDE = 480;
  const MARGIN = 12;
  const LINE = 20;

  // The numbers of the colour bar under the picture. top: where it begins.
  const drawScale = (context, grid, layer, top) => {
    const ramp = context.createLinearGradient(MARGIN, 0, SIDE - MARGIN, 0);
    const colours = grid.dataset.colours.split("|");
    colours.forEach((colour, at) => ramp.addColorStop(at / (colours.length - 1), colour));
    context.fillStyle = ramp;
    context.fillRect(MARGIN, top, SIDE - 2 * MARGIN, 12);
    const ticks = [...grid.querySelectorAll(`.bar[data-layer="${layer}"] .bar-ticks span`)];
    context.fillStyle = "#14202e";
    context.font = "13px system-ui, sans-serif";
    ticks.forEach((tick, at) => {
      const share = at / (ticks.length - 1);
      context.textAlign = at === 0 ? "left" : at === ticks.length - 1 ? "right" : "center";
      context.fillText(tick.textContent, MARGIN + share * (SIDE - 2 * MARGIN), top + 28);
    });
    context.textAlign = "left";
  };

  // A text in lines no wider than the picture, in the context's font; Chinese may be broken between any two letters.
  const wrapped = (context, text) => {
    const lines = [""];
    for (const piece of text.match(/\s+|[\u2e80-\uffef]|[^\s\u2e80-\uffef]+/g) || []) {
      const longer = lines.at(-1) + piece;
      if (lines.at(-1) && context.measureText(longer.trimEnd()).width > SIDE - 2 * MARGIN) lines.push(piece.trimStart());
      else lines[lines.length - 1] = longer;
    }
    return lines;
  };

  const save = (card) => {
    const grid = card.closest("#crop-grid");
    const { overlay, madeBy, disclaimer, film } = grid.dataset;
    const opacity = Number(getComputedStyle(grid).getPropertyValue("--overlay-opacity"));
    const map = card.querySelector(`.layer[data-layer="${overlay}"]`);
    const texts = [
      card.getAttribute("aria-label"),
      map ? `${map.dataset.name}, opacity ${Math.round(opacity * 100)} %` : "Without a map",
      `Film ${film}. Weights: ${madeBy}`,
      disclaimer,
    ].map(window.bonegradeLanguage.say);
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    const lines = texts.flatMap((text, at) => {
      const font = at === 0 || at === texts.length - 1 ? "bold 14px system-ui, sans-serif" : "13px system-ui, sans-serif";
      context.font = font;
      return wrapped(context, text).map((words) => ({ words, font }));
    });
    canvas.width = SIDE;
    canvas.height = SIDE + (map ? 44 : 8) + lines.length * LINE + MARGIN;
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(card.querySelector(".crop-film"), 0, 0, SIDE, SIDE);
    if (map) {
      context.globalAlpha = opacity;
      context.drawImage(map, 0, 0, SIDE, SIDE);
      context.globalAlpha = 1;
      drawScale(context, grid, overlay, SIDE + 8);
    }
    context.fillStyle = "#14202e";
    lines.forEach(({ words, font }, at) => {
      context.font = font;
      context.fillText(words, MARGIN, SIDE + (map ? 44 : 8) + LINE * (at + 0.7));
    });
    canvas.toBlob((file) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = `bonegrade_${film}_${card.dataset.bone}_${overlay}.png`;
      link.click();
      URL.revokeObjectURL(link.href);
    }, "image/png");
  };

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-save-picture]") : null;
    if (button) save(button.closest(".bone-card"));
  });
})();
