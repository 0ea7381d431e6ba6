// What the page does without asking the server: switch the overlay of the crops, and light up a bone everywhere at once.
(() => {
  "use strict";

  const showOverlay = (overlay, opacity) => {
    const grid = document.getElementById("crop-grid");
    if (!grid) return;
    grid.dataset.overlay = overlay;
    grid.style.setProperty("--overlay-opacity", String(opacity));
  };

  // On a phone the answer appears below the button that asks for it, and the examples make way for it.
  const showAnswer = () => {
    document.querySelector(".assess-page")?.classList.add("asked");
    const fold = document.getElementById("examples-fold");
    if (fold) fold.open = false;
    const answer = document.getElementById("answer");
    if (answer && answer.getBoundingClientRect().top > window.innerHeight / 2) {
      answer.scrollIntoView({ behavior: "smooth", block: "start" });
    }
  };

  let litBone = null;
  const light = (bone) => {
    if (bone === litBone) return;
    litBone = bone;
    document.querySelectorAll("[data-bone]").forEach((part) => {
      part.classList.toggle("lit", part.dataset.bone === bone);
    });
  };
  const lightFrom = (event) => {
    const part = event.target instanceof Element ? event.target.closest("[data-bone]") : null;
    light(part ? part.dataset.bone : null);
  };
  document.addEventListener("mouseover", lightFrom);
  document.addEventListener("focusin", lightFrom);

  // A click on a box brings its card into view.
  document.addEventListener("click", (event) => {
    const box = event.target instanceof Element ? event.target.closest("#film-view [data-bone]") : null;
    if (!box) return;
    const card = document.querySelector(`#crop-grid [data-bone="${box.dataset.bone}"]`);
    if (!card) return;
    card.scrollIntoView({ behavior: "smooth", block: "center" });
    card.focus({ preventScroll: true });
  });

  // Copies the text of the part that a button names. Where a page may not write to the clipboard, it is selected to be copied.
  const copy = async (button) => {
    const part = document.getElementById(button.dataset.copy);
    const told = button.parentElement.querySelector("[role=status]");
    try {
      await navigator.clipboard.writeText(part.textContent.trim());
      told.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(part);
      told.textContent = "Press Ctrl C: the sentence is selected.";
    }
  };
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
    if (button) copy(button);
  });

  // A phone takes the picture itself where the box for the film asks for its camera, which it does this once.
  const takePicture = (tries = 20) => {
    const input = document.querySelector("#film input[type=file]");
    if (!input) {
      // its clear button, whose name gradio writes in the browser's language
      document.querySelector("#film .icon-button-wrapper .icon-button")?.click();
      if (tries > 0) setTimeout(takePicture, 50, tries - 1);
      return;
    }
    input.setAttribute("capture", "environment");
    input.setAttribute("accept", "image/*");
    const done = () => {
      input.removeAttribute("capture");
      input.removeAttribute("accept");
    };
    input.addEventListener("change", done, { once: true });
    input.addEventListener("cancel", done, { once: true });
    input.click();
  };
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-camera]")) takePicture();
  });

  // A plot that was drawn in a folded part has no width until that is opened, and asks for it when the window changes.
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest("#comes-about button")) return;
    requestAnimationFrame(() => window.dispatchEvent(new Event("resize")));
  });

  // Gradio gives every box for files the same name, which is not the text in it: each gets the name of its part too.
  const nameBoxes = () => {
    document.querySelectorAll("button.upload-container").forEach((box) => {
      const title = box.closest(".block")?.querySelector("[data-testid=block-label]")?.textContent.trim();
      const name = [title, box.textContent.replace(/\s+/g, " ").trim()].filter(Boolean).join(": ");
      if (name && box.offsetParent && box.getAttribute("aria-label") !== name) box.setAttribute("aria-label", name);
    });
  };
  // The example in the box for the film is marked among the examples, until another film comes.
  const markExample = () => {
    const film = document.querySelector("#film .filename")?.getAttribute("aria-label");
    document.querySelectorAll("button.example").forEach((button) => {
      const name = decodeURIComponent(button.querySelector("img").src.split("/").pop());
      if (button.ariaPressed !== String(name === film)) button.ariaPressed = String(name === film);
    });
  };
  let naming = 0;
  new MutationObserver(() => {
    if (naming) return;
    naming = setTimeout(() => {
      naming = 0;
      nameBoxes();
      markExample();
    }, 100);
  }).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "style"] });

  // A result lives as long as its page: whoever reloads that is told that it is gone, not left with an empty page.
  const GONE = "bonegrade-result-gone";
  window.addEventListener("pagehide", () => {
    if (document.getElementById("crop-grid")) sessionStorage.setItem(GONE, "1");
  });
  const sayGone = () => {
    const answer = document.getElementById("answer");
    if (!answer) {
      setTimeout(sayGone, 200);
      return;
    }
    sessionStorage.removeItem(GONE);
    const note = document.createElement("div");
    note.id = "result-gone";
    note.className = "message warning";
    note.setAttribute("role", "status");
    const title = document.createElement("b");
    title.textContent = "The page was reloaded";
    const text = document.createElement("p");
    text.textContent = "The result that stood here is gone with its film: choose the film again and press Assess. What was saved in Annotate is kept.";
    note.append(title, text);
    answer.prepend(note);
    document.getElementById("assess")?.addEventListener("click", () => note.remove(), { once: true });
  };
  if (sessionStorage.getItem(GONE)) sayGone();

  window.bonegrade = { showOverlay, showAnswer };
})();
