// Draws the reader's work: the list of bones, the bone in hand with its grades, and where it lies on the film.
(() => {
  "use strict";

  const work = window.bonegradeWork;
  const byId = (id) => document.getElementById(id);
  const VERDICTS = { absent: "Not visible yet", unreadable: "Can't be read" };
  // as webapp.shared.words.probability: a network is never certain, not even where its probability is rounded to 0 or 1
  const probability = (share) => (share > 0.99 ? "> 99 %" : share < 0.01 ? "< 1 %" : `${Math.round(share * 100)} %`);

  const wordsOf = (bone, said) => {
    if (!said || !said.verdict) return "";
    return said.verdict === "graded" ? work.film().bones[bone].labels[said.grade] : VERDICTS[said.verdict];
  };
  const unlike = (said, model) => Boolean(said && said.verdict && model && said.grade !== model.grade);

  // --- The 13 bones ----------------------------------------------------------------------------------------------------

  const drawRow = (row) => {
    const bone = row.dataset.bone;
    const said = work.said(bone);
    const model = work.modelOf(bone);
    const judged = Boolean(said && said.verdict);
    const moved = Boolean(said && said.box !== null);
    row.setAttribute("aria-current", String(bone === work.work().bone));
    row.dataset.state = judged ? "judged" : moved || (said && said.note) ? "touched" : "untouched";
    const predicted = row.querySelector(".says-model");
    predicted.textContent = model ? model.label : "none";
    predicted.classList.toggle("none", !model);
    const you = row.querySelector(".says-you");
    you.textContent = judged ? (said.verdict === "graded" ? wordsOf(bone, said) : said.verdict === "absent" ? "not yet" : "unread.") : moved ? "box" : "–";
    you.classList.toggle("judged", judged);
    you.classList.toggle("other", unlike(said, model));
    const title = work.film().bones[bone].title;
    const yours = judged ? `your grade ${wordsOf(bone, said)}` : moved ? "you changed its box; not judged" : "not judged by you";
    row.querySelector(".spoken").textContent = `${bone}, ${title}: ${model ? `model predicts ${model.label}` : "not graded by the model"}, ${yours}`;
  };

  // --- The bone in hand --------------------------------------------------------------------------------------------------

  const drawGuide = (bone, said, model) => {
    const options = document.querySelectorAll("#grade-guide [data-guide]");
    options.forEach((guide) => (guide.hidden = guide.dataset.guide !== bone));
    const guide = document.querySelector(`#grade-guide [data-guide="${bone}"]`);
    if (!guide) return;
    guide.disabled = work.film().keeps && !work.film().may_save;
    const chosen = said && said.verdict ? (said.grade === null ? "unreadable" : String(said.grade)) : null;
    guide.querySelectorAll(".grade-card").forEach((card) => {
      const grade = card.dataset.grade;
      const input = card.querySelector("input");
      input.checked = grade === chosen;
      card.classList.toggle("chosen", grade === chosen);
      const predicted = Boolean(model) && grade === String(model.grade);
      card.classList.toggle("predicted", predicted);
      const odds = card.querySelector(".odds");
      if (!odds) return;
      const share = model ? model.probabilities[Number(grade)] || 0 : 0;
      odds.style.setProperty("--share", share.toFixed(3));
      odds.textContent = model ? (share >= 0.005 ? probability(share) : "") : "";
      odds.title = model ? `Model: ${probability(share)}` : "";
      odds.classList.toggle("model-s", predicted);
    });
  };

  const lookFor = (card) => {
    const place = byId("look-for");
    if (place && card) place.innerHTML = "<b></b> ";
    if (!place || !card) return;
    const name = card.querySelector("b").textContent;
    place.firstChild.textContent = `${name}: `;
    place.append(card.dataset.look);
  };

  const drawInHand = () => {
    const film = work.film();
    const bone = work.work().bone;
    const said = work.said(bone);
    const model = work.modelOf(bone);
    const moved = said && said.box !== null;
    byId("in-hand").dataset.bone = bone;
    byId("in-hand-title").textContent = film.bones[bone].title;
    const crop = byId("in-hand-crop");
    crop.hidden = !(model && model.crop);
    if (model && model.crop) crop.src = model.crop;
    crop.alt = `Upright crop of ${film.bones[bone].title}`;
    byId("in-hand-crop-note").textContent = !work.boxOf(bone)
      ? "No box: click the film, press C and draw one."
      : !model
        ? "Not graded on this box yet."
        : moved
          ? "On your box"
          : `Localised ${probability(film.bones[bone].confidence)}`;
    const line = byId("in-hand-model");
    line.replaceChildren();
    if (model) {
      const name = document.createElement("span");
      name.className = "says-model";
      name.textContent = model.label;
      line.append(moved ? "Model on your box: " : "Model: ", name, ` TW3 ${model.stage}, ${probability(model.probabilities[model.grade])}`);
    } else line.textContent = "The model gives no grade for this bone.";
    const you = byId("in-hand-you");
    you.replaceChildren();
    if (said && said.verdict) {
      const name = document.createElement("span");
      name.className = `says-you judged${unlike(said, model) ? " other" : ""}`;
      name.textContent = wordsOf(bone, said);
      you.append("You: ", name, said.accepted ? " accepted" : "");
    } else you.textContent = moved ? "You changed the box and have not judged the bone." : "You have not judged this bone.";
    const written = byId("bone-note");
    if (document.activeElement !== written) written.value = said ? said.note : "";
    drawGuide(bone, said, model);
    const card =
      document.querySelector(`#grade-guide [data-guide="${bone}"] .grade-card.chosen`) ||
      document.querySelector(`#grade-guide [data-guide="${bone}"] .grade-card.predicted`);
    if (card) lookFor(card);
    else byId("look-for").textContent = "";
  };

  // --- The line above ------------------------------------------------------------------------------------------------------

  const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const drawStatus = () => {
    const film = work.film();
    const saving = work.isSaving();
    const place = byId("annotate-status");
    if (!place) return;
    let text = "";
    byId("annotate").setAttribute("aria-busy", String(window.bonegradeOpening.isOn()));
    if (window.bonegradeOpening.isOn()) text = "Opening a film …";
    else if (saving) text = saving.tries > 1 ? "Not saved yet: the server does not answer; trying again." : "Saving …";
    else if (film.keeps && !film.may_save) text = film.why_not;
    else if (!work.isKept()) text = work.isLate() ? "The server does not answer; your work is kept in this tab meanwhile." : "Keeping the draft …";
    else if (!work.isTouched()) text = "No unsaved changes";
    else if (!film.keeps) text = "Demo: your work stays in this tab until you close it. Download it.";
    else text = film.kept_at ? `Draft kept ${clock(film.kept_at)}, not saved` : "In this tab alone until you save: nothing of this film is kept yet.";
    place.textContent = text;
    place.dataset.state = saving ? "saving" : work.isTouched() ? "unsaved" : "clean";
    const state = work.work();
    const able = film.may_save || !film.keeps;
    const tools = { undo: able, redo: able, save: able && film.keeps, next: able && film.keeps, accept: able, clear: able };
    Object.entries(tools).forEach(([name, on]) => {
      document.querySelectorAll(`.annotate-bar [data-do="${name}"], #in-hand [data-do="${name}"]`).forEach((button) => (button.disabled = !on));
    });
    const undoing = document.querySelector('.annotate-bar [data-do="undo"]');
    if (undoing) undoing.textContent = state.at || !film.keeps ? "Undo" : "Undo save";
    byId("annotate-download").hidden = film.keeps;
    byId("annotate-save").hidden = !film.keeps;
    byId("annotate-next").hidden = !film.keeps;
  };

  // --- On the film ---------------------------------------------------------------------------------------------------------

  // The box editor says nothing of its zoom, but it sets it on its drawing context before every drawing. Listening
  // begins when it first asks for the context.
  const view = { canvas: null, x: 0, y: 0, scale: 1, mark: null, fingers: new Set() };
  const getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (...kind) {
    const context = getContext.apply(this, kind);
    if (context && this !== view.canvas && this.closest("#box-editor")) watchCanvas(this, context);
    return context;
  };
  const watchCanvas = (canvas, context) => {
    let fresh = false;
    const wrap = (name, seen) => {
      const original = context[name].bind(context);
      context[name] = (...values) => {
        seen(...values);
        return original(...values);
      };
    };
    wrap("clearRect", () => (fresh = true));
    wrap("translate", (x, y) => {
      if (fresh) Object.assign(view, { x, y });
    });
    wrap("scale", (scale) => {
      if (fresh) view.scale = scale;
      fresh = false;
      requestAnimationFrame(drawMark);
    });
    // The editor rounds the height of the picture; its boxes follow the width alone: half a pixel there is four on a large film.
    const drawImage = context.drawImage.bind(context);
    context.drawImage = (picture, x, y, width) => {
      // which film's picture it is; its file is named by the film
      canvas.dataset.film = (/film_([0-9a-f]+)\./.exec(picture.src) || [])[1] || "";
      drawImage(picture, x, y, width, (width * picture.naturalHeight) / picture.naturalWidth);
    };
    // It draws the bone beside each box, which is not text of the page and would stay untranslated.
    for (const name of ["measureText", "fillText"]) {
      const original = context[name].bind(context);
      context[name] = (text, ...place) => original(window.bonegradeLanguage.say(text), ...place);
    }
    Object.assign(view, { canvas, x: 0, y: 0, scale: 1 });
    view.mark = document.createElement("div");
    view.mark.className = "in-hand-mark";
    view.mark.setAttribute("aria-hidden", "true");
    canvas.parentElement.style.position = "relative";
    canvas.parentElement.append(view.mark);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "The film with a box for every bone. The list of bones beside it can be read aloud.");
    canvas.addEventListener("pointerdown", hold, { capture: true });
    new ResizeObserver(() => {
      letGo();
      drawMark();
    }).observe(canvas);
  };
  // While a box is held, the page may be laid out anew, say by a message above the film. The editor would take that for a
  // movement of the pointer, so it is told that the canvas is where it was when the box was grabbed.
  const hold = (event) => {
    if (!view.fingers.size) {
      const place = view.canvas.getBoundingClientRect();
      view.canvas.getBoundingClientRect = () => place;
    }
    view.fingers.add(event.pointerId);
    if (event.isPrimary) choose(event);
  };
  const letGo = () => {
    view.fingers.clear();
    if (view.canvas) delete view.canvas.getBoundingClientRect;
  };
  // From pixels of the film to pixels of the canvas as it is drawn now: quarter turns anticlockwise, then the scale.
  const onCanvas = (box) => {
    const frame = work.film().frame;
    let [x0, y0, x1, y1] = box;
    let [width, height] = [frame.width, frame.height];
    for (let turn = 0; turn < frame.turns; turn += 1) {
      [x0, y0, x1, y1] = [y0, width - x1, y1, width - x0];
      [width, height] = [height, width];
    }
    const fit = Math.min(1, view.canvas.width / frame.shown[0]) * view.scale;
    const [across, down] = [(frame.shown[0] / width) * fit, (frame.shown[1] / height) * fit];
    return [view.x + x0 * across, view.y + y0 * down, view.x + x1 * across, view.y + y1 * down];
  };
  const drawMark = () => {
    if (!view.mark || !work.film() || !view.canvas?.isConnected) return;
    const box = work.boxOf(work.work().bone);
    view.mark.hidden = !box || view.fingers.size > 0;
    if (!box) return;
    const [x0, y0, x1, y1] = onCanvas(box);
    Object.assign(view.mark.style, { left: `${x0}px`, top: `${y0}px`, width: `${x1 - x0}px`, height: `${y1 - y0}px` });
  };
  // A click in a box takes its bone in hand; where boxes overlap, the one in hand counts first, then the smallest.
  const choose = (event) => {
    if (!work.film()) return;
    view.mark.hidden = true;
    const place = view.canvas.getBoundingClientRect();
    const x = ((event.clientX - place.left) * view.canvas.width) / place.width;
    const y = ((event.clientY - place.top) * view.canvas.height) / place.height;
    const hit = work
      .bones()
      .filter((bone) => work.boxOf(bone))
      .map((bone) => [bone, onCanvas(work.boxOf(bone))])
      .filter(([, [x0, y0, x1, y1]]) => x >= x0 - 4 && x <= x1 + 4 && y >= y0 - 4 && y <= y1 + 4)
      .sort(([, a], [, b]) => (a[2] - a[0]) * (a[3] - a[1]) - (b[2] - b[0]) * (b[3] - b[1]))
      .map(([bone]) => bone);
    if (hit.length && !hit.includes(work.work().bone)) work.go(hit[0]);
  };
  ["pointerup", "pointercancel"].forEach((kind) => {
    document.addEventListener(kind, (event) => {
      view.fingers.delete(event.pointerId);
      if (view.fingers.size) return;
      letGo();
      drawMark();
    });
  });

  // --- All of it -------------------------------------------------------------------------------------------------------------

  const drawTimes = () => {
    document.querySelectorAll(":is(#annotate-gold, #annotate-history) time:not([data-local])").forEach((time) => {
      time.dataset.local = "";
      time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    });
  };
  const draw = (what) => {
    if (!work.film()) return;
    document.body.classList.toggle("film-open", true);
    if (what === "status") {
      drawStatus();
      return;
    }
    document.querySelectorAll("#bone-list .bone-row").forEach(drawRow);
    drawInHand();
    drawStatus();
    drawMark();
    if (what === "bone") {
      const row = document.querySelector('#bone-list [aria-current="true"]');
      // no scrolling under a hand that chose the bone on the film
      if (row && document.activeElement?.closest("#bone-list")) row.focus({ preventScroll: view.fingers.size > 0 });
    }
    if (what === "film") {
      byId("annotate-film").textContent = work.film().title;
      document.querySelector("#box-editor")?.style.setProperty("--ratio", work.film().frame.shown[0] / work.film().frame.shown[1]);
    }
    drawTimes();
  };
  work.listen(draw);
  document.addEventListener("pointerover", (event) => {
    const card = event.target instanceof Element ? event.target.closest("#grade-guide .grade-card") : null;
    if (card) lookFor(card);
  });
  document.addEventListener("focusin", (event) => {
    const card = event.target instanceof Element ? event.target.closest("#grade-guide .grade-card") : null;
    if (card) lookFor(card);
  });
})();
