// The reader's work on one film, held in the browser so that no key press waits for the server or is lost on the way.
// Every change is sent as the whole work, one message at a time, until the server says that it has it.
(() => {
  "use strict";

  const RETRY_MS = 4000;
  const IDLE_MS = 60000;
  const TICK_MS = 500;

  const byId = (id) => document.getElementById(id);
  const copy = (value) => JSON.parse(JSON.stringify(value));
  const newToken = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

  // What the server said about the film; the work on it; which change of it the server has; the save that is on its way.
  let film = null;
  let work = null;
  let arrived = 0;
  let sentAt = 0;
  let waitingSince = 0;
  let saving = null;
  let lastTouch = Date.now();
  const listeners = [];
  const changed = (what) => listeners.forEach((listener) => listener(what));
  const tell = (text, kind) => window.bonegradeMessages.tell(text, kind);
  const nameOf = (told) => told.title.split(" · ")[0];

  const bones = () => (film ? Object.keys(film.bones) : []);
  const said = (bone) => work.says[bone] || null;
  const saidOrNothing = (bone) => said(bone) || { verdict: null, grade: null, accepted: false, note: "", box: null };

  // The model's answer for the box that stands on the film: {grade, label, stage, probabilities, crop}, null without a box.
  const modelOf = (bone) => {
    const box = said(bone) ? said(bone).box : null;
    if (box === null) return film.bones[bone].model;
    return box.length ? (film.regraded[bone] || {})[JSON.stringify(box)] || null : null;
  };
  const boxOf = (bone) => {
    const box = said(bone) ? said(bone).box : null;
    return box === null ? film.bones[bone].box : box.length ? box : null;
  };

  // --- Steps ---------------------------------------------------------------------------------------------------------

  const put = (bone, value) => {
    if (value === null) delete work.says[bone];
    else work.says[bone] = value;
  };
  const touched = () => {
    work.token = newToken();
    work.seq += 1;
    if (!waitingSince) waitingSince = Date.now();
    remember();
    changed("work");
    send();
  };
  const isAllowed = () => {
    if (film && !film.may_save && film.keeps) tell(film.why_not, "warning");
    return Boolean(film) && (film.may_save || !film.keeps);
  };
  const mayChange = () => !window.bonegradeOpening.refuses() && isAllowed();

  // changes: {bone: what is said after}. join: the step continues the last one, as the second digit of a grade does.
  const step = (changes, join = false) => mayChange() && take(changes, join);
  const take = (changes, join = false) => {
    const made = Object.entries(changes)
      .map(([bone, after]) => ({ bone, before: copy(said(bone)), after }))
      .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));
    if (!made.length) return false;
    made.forEach((change) => put(change.bone, copy(change.after)));
    work.steps.length = work.at;
    const last = work.steps[work.at - 1];
    if (join && last && last.length === 1 && made.length === 1 && last[0].bone === made[0].bone) {
      last[0].after = made[0].after;
    } else {
      work.steps.push(made);
      work.at += 1;
    }
    window.bonegradeMessages.quiet();
    touched();
    return true;
  };
  const walk = (direction) => {
    const changes = direction < 0 ? work.steps[work.at - 1] : work.steps[work.at];
    work.at += direction;
    changes.forEach((change) => put(change.bone, copy(direction < 0 ? change.before : change.after)));
    const moved = changes.some((c) => JSON.stringify((c.before || {}).box || null) !== JSON.stringify((c.after || {}).box || null));
    work.bone = changes[0].bone;
    window.bonegradeMessages.quiet();
    touched();
    if (moved) press("annotate-redraw");
  };
  const undo = () => {
    if (!mayChange()) return;
    if (work.at > 0) walk(-1);
    else act({ do: "undo" });
  };
  const redo = () => {
    if (!mayChange()) return;
    if (work.at < work.steps.length) walk(1);
    else act({ do: "redo" });
  };

  const judge = (bone, grade, { accepted = false, join = false } = {}) => {
    const verdict = grade === null ? "unreadable" : grade === 0 ? "absent" : "graded";
    return step({ [bone]: { ...saidOrNothing(bone), verdict, grade, accepted } }, join);
  };
  const accept = () => {
    if (!mayChange()) return;
    const bone = work.bone;
    const model = modelOf(bone);
    if (!model) {
      tell(`The model has no grade for ${film.bones[bone].title}: choose one yourself, or say that it can't be read.`, "warning");
      return;
    }
    judge(bone, model.grade, { accepted: saidOrNothing(bone).box === null });
    const judged = (b) => said(b) && said(b).verdict;
    const order = bones();
    const from = order.indexOf(bone);
    const next = [...order.slice(from + 1), ...order.slice(0, from)].find((b) => !judged(b));
    if (next) go(next);
    else tell("All 13 bones are judged: S saves, N saves and goes to the next film.", "good");
  };
  const shift = (by) => {
    const bone = work.bone;
    const model = modelOf(bone);
    const now = said(bone) && said(bone).grade !== null ? said(bone).grade : model ? model.grade : null;
    const grade = now === null ? (by > 0 ? 1 : 0) : now + by;
    judge(bone, Math.max(0, Math.min(film.bones[bone].labels.length - 1, grade)));
  };
  const takeBack = () => step({ [work.bone]: copy(film.saved[work.bone] || null) });
  const note = (text, join) => {
    const bone = work.bone;
    const next = { ...saidOrNothing(bone), note: text };
    const empty = !next.verdict && next.box === null && !text;
    step({ [bone]: empty ? null : next }, join);
  };
  const noteFilm = (text) => {
    if (!mayChange()) return;
    work.note = text;
    touched();
  };
  const go = (bone) => {
    if (!film || !film.bones[bone]) return;
    work.bone = bone;
    changed("bone");
  };
  const along = (by) => {
    const order = bones();
    go(order[(order.indexOf(work.bone) + by + order.length) % order.length]);
  };

  // --- Kept ----------------------------------------------------------------------------------------------------------

  // What the server has not taken yet is also kept in this tab, for a reload while it cannot be reached. Where the server
  // keeps nothing at all, this is where the work stays until the tab is closed.
  const storeName = () => `bonegrade-work:${film.reader}:${film.sha256}`;
  const remember = () => {
    try {
      sessionStorage.setItem(storeName(), JSON.stringify({ work, at: new Date().toISOString() }));
    } catch (error) {
      console.warn("The work could not be kept in this tab.", error);
    }
  };
  const forget = () => {
    if (film.keeps) sessionStorage.removeItem(storeName());
  };
  const remembered = () => {
    try {
      return JSON.parse(sessionStorage.getItem(storeName()) || "null");
    } catch {
      return null;
    }
  };
  const isTouched = () => Boolean(work) && (work.at > 0 || work.note !== "");

  // --- To the server and back ------------------------------------------------------------------------------------------

  const press = (id) => byId(id)?.click();
  const send = () => {
    if (!film || arrived === work.seq || (sentAt && Date.now() - sentAt < RETRY_MS)) return;
    sentAt = Date.now();
    changed("status");
    press("annotate-keep");
  };
  const act = (command) => {
    if (!film || window.bonegradeOpening.refuses() || (command.do === "save" && !isAllowed())) return;
    if (saving) {
      tell("The last save is still on its way; one moment.", "warning");
      return;
    }
    saving = { command, work: copy(work), of: nameOf(film), sent: Date.now(), tries: 1 };
    if (command.do === "next") window.bonegradeOpening.want("next");
    changed("status");
    press("annotate-act");
  };

  // A request that fails leaves the last answer standing; it must not be taken for a new one.
  const seen = new Set();
  const fresh = (text) => {
    const told = JSON.parse(text || "null");
    if (!told || seen.has(told.nonce)) return null;
    seen.add(told.nonce);
    return told;
  };

  // The first film may arrive before the parts of the page that show it.
  const isLaidOut = () => ["annotate-film", "annotate-status", "in-hand"].every(byId);
  const opened = async (text) => {
    const told = fresh(text);
    if (told?.film) await window.bonegradeOpening.until(isLaidOut);
    if (told) open(told);
    window.bonegradeOpening.settle(told ? told.asked : "assessed");
  };
  const open = (told) => {
    if (!told.film) {
      window.bonegradeMessages.tellOpened(told.message, film && nameOf(film));
      return;
    }
    film = told.film;
    work = told.work;
    Object.entries(told.regraded).forEach(([bone, graded]) => learn(bone, graded));
    arrived = work.seq;
    sentAt = 0;
    lastTouch = Date.now();
    const mine = remembered();
    const newer = mine && mine.work.sha256 === film.sha256 && mine.work.seq > work.seq && mine.work.steps.length + mine.work.note.length;
    let back = told.draft;
    if (newer) {
      work = { ...mine.work, film: work.film ?? mine.work.film, prediction: work.prediction ?? mine.work.prediction };
      work.seq += 1;
      back = mine.at;
    } else if (!told.draft) {
      forget();
      work.bone = bones().find((bone) => !said(bone)) || bones()[0];
    }
    const remark = told.message || (back && { text: isBack(new Date(back)), kind: "good" });
    window.bonegradeMessages.tellOpened(remark, nameOf(film));
    if (work.film) history.replaceState(null, "", `#film=${work.film}`);
    changed("film");
    if (newer) {
      send();
      press("annotate-redraw");
    }
  };
  const isBack = (time) => {
    const day = time.toDateString() === new Date().toDateString() ? "" : `${time.toLocaleDateString()} `;
    return `Your unsaved work of ${day}${time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })} is back.`;
  };
  // Returns the totals to show; undefined, which leaves those on the page, where the answer is for another film or older work.
  const kept = (text) => {
    const told = fresh(text);
    if (!told || !film) return undefined;
    sentAt = 0;
    if (told.sha256 !== film.sha256) return undefined;
    const newest = told.seq >= arrived;
    if (told.error) {
      tell(told.error, "error");
      arrived = told.seq;
    } else {
      arrived = Math.max(arrived, told.seq);
      waitingSince = 0;
      if (told.film) filed(told.film);
      work.prediction = told.prediction ?? work.prediction;
      film.kept_at = told.kept_at;
      if (arrived === work.seq && told.kept_at) forget();
    }
    changed("status");
    send();
    return newest ? told.totals : undefined;
  };
  const filed = (number) => {
    if (work.film === number) return;
    work.film = number;
    film.title = film.title.replace("New film", `Film ${number}`);
    byId("annotate-film").textContent = film.title;
    history.replaceState(null, "", `#film=${number}`);
  };
  const learn = (bone, graded) => {
    film.regraded[bone] = { ...(film.regraded[bone] || {}), [JSON.stringify(graded.box)]: graded };
  };
  const boxesChanged = (text) => {
    const told = fresh(text);
    if (!told || !film || told.sha256 !== film.sha256) return;
    if (told.refused) tell(told.refused, "error");
    const changes = {};
    Object.entries(told.changes || {}).forEach(([bone, change]) => {
      if (change.graded) learn(bone, change.graded);
      const before = saidOrNothing(bone);
      if (JSON.stringify(before.box) === JSON.stringify(change.box)) return;
      const next = { ...before, box: change.box, accepted: false };
      const empty = !next.verdict && next.box === null && !next.note;
      changes[bone] = empty ? null : next;
    });
    const first = Object.keys(changes).find((bone) => changes[bone] && changes[bone].box && changes[bone].box.length);
    // a box that was moved before another film was asked for still counts
    if (Object.keys(changes).length && isAllowed() && take(changes)) go(first || Object.keys(changes)[0]);
  };
  const acted = (text) => {
    const told = fresh(text);
    if (!told || !saving) return;
    const { work: sent, of } = saving;
    saving = null;
    if (told.next) window.bonegradeOpening.want(told.next);
    else window.bonegradeOpening.settle("next");
    const answer = (message, about) => message && window.bonegradeMessages.tellAnswer(message, about, nameOf(film));
    if (told.opened) {
      open({ ...told.opened, message: null });
      answer(told.opened.message, nameOf(film));
      return;
    }
    if (told.download) download(told.download);
    if (sent.sha256 !== film.sha256) {
      // The answer came so late that another film is open by now; what the server drew with it is for the one acted on.
      answer(told.message, of);
      if (work.film) window.bonegradeOpening.open(work.film);
      return;
    }
    if (told.saved) {
      const later = work.steps.slice(sent.at, work.at);
      const waiting = told.saved.waiting
        .map((bone) => [{ bone, before: copy(told.saved.says[bone] || null), after: copy(sent.says[bone]) }]);
      const boxesBefore = JSON.stringify(bones().map(boxOf));
      film.saved = told.saved.says;
      work.says = copy(told.saved.says);
      [...waiting, ...later].flat().forEach((change) => put(change.bone, copy(change.after)));
      if (JSON.stringify(bones().map(boxOf)) !== boxesBefore) press("annotate-redraw");
      filed(told.saved.film);
      work.prediction = told.saved.prediction;
      work.base_revision = told.saved.revision;
      work.steps = [...waiting, ...later];
      work.at = work.steps.length;
      work.note = work.note === sent.note ? "" : work.note;
      work.film_seconds = Math.max(0, work.film_seconds - sent.film_seconds);
      Object.keys(sent.seconds).forEach((bone) => (work.seconds[bone] = Math.max(0, work.seconds[bone] - sent.seconds[bone])));
      work.token = newToken();
      work.seq += 1;
      if (isTouched()) remember();
      else forget();
      if (!isTouched()) sessionStorage.removeItem(storeName());
    }
    answer(told.message, nameOf(film));
    changed("saved");
    send();
  };
  const download = ({ name, text }) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const message = () => JSON.stringify(work);
  const command = () => [JSON.stringify(saving ? saving.command : {}), JSON.stringify(saving ? saving.work : work)];

  // --- Time ------------------------------------------------------------------------------------------------------------

  const atWork = () => Boolean(film) && Boolean(byId("in-hand")?.offsetParent) && document.visibilityState === "visible";
  ["keydown", "pointerdown", "pointermove", "wheel"].forEach((kind) => {
    document.addEventListener(kind, () => (lastTouch = Date.now()), { passive: true, capture: true });
  });
  setInterval(() => {
    if (atWork() && Date.now() - lastTouch < IDLE_MS) {
      const tick = TICK_MS / 1000;
      work.seconds[work.bone] = (work.seconds[work.bone] || 0) + tick;
      work.film_seconds += tick;
    }
    if (saving && Date.now() - saving.sent > RETRY_MS * saving.tries) {
      saving.tries += 1;
      changed("status");
      press("annotate-act");
    }
    if (film && arrived !== work.seq) changed("status");
    send();
  }, TICK_MS);
  window.addEventListener("beforeunload", (event) => {
    if (film && film.keeps && isTouched() && arrived !== work.seq) event.preventDefault();
  });

  window.bonegradeWork = {
    film: () => film, work: () => work, bones, said, modelOf, boxOf, isTouched, atWork,
    isKept: () => arrived === work.seq, isLate: () => Boolean(waitingSince) && Date.now() - waitingSince > RETRY_MS, isSaving: () => saving,
    listen: (listener) => listeners.push(listener), changed,
    judge, accept, shift, takeBack, note, noteFilm, go, along, undo, redo, act, tell,
    opened, kept, boxesChanged, acted, message, command,
  };
  // What the box editor has written on the film stays until it draws again, as it does by itself when it comes into sight.
  document.addEventListener("bonegrade-language", () => {
    if (film && byId("box-editor")?.querySelector("canvas")?.clientWidth) press("annotate-redraw");
  });
})();
