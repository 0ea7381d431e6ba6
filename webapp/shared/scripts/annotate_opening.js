// From the moment a film is asked for until it is open, the film at work can only be looked at: what is pressed meanwhile
// is no longer meant for it. A film that is asked for while a save is on its way waits for the answer to the save.
(() => {
  "use strict";

  const work = window.bonegradeWork;
  const LOOK_MS = 200;
  const NUDGE_MS = 4000;
  const GIVE_UP_MS = 30000;

  // The name of what is asked for: a film's number and a token of this request, "assessed", or "next" until it is known
  // which film that is.
  let wanted = null;
  const answered = new Set();
  const newName = (number) => `${number}:${Math.random().toString(36).slice(2)}`;

  const want = (name) => {
    if (wanted && wanted.name === name) return;
    wanted = { name, since: Date.now() };
    // its keys delete and draw boxes
    if (document.activeElement?.closest("#box-editor")) document.activeElement.blur();
    work.changed("status");
  };
  const settle = (name) => {
    answered.add(name);
    if (wanted?.name === name) wanted = null;
    work.changed("status");
  };
  const giveUp = (why) => {
    if (wanted) answered.add(wanted.name);
    wanted = null;
    work.tell(`${why} Ask for the film again; what was open stays open.`, "error");
    work.changed("status");
  };
  const failed = () => giveUp("The film was not opened: the server is too busy.");
  // Returns whether nothing may be changed for now, and then says so.
  const refuses = () => {
    if (wanted) window.bonegradeMessages.hint("The film is being opened; one moment.", "warning");
    return Boolean(wanted);
  };

  // --- To the server ---------------------------------------------------------------------------------------------------

  const until = async (ready) => {
    while (!ready()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  };
  // Called on the way to the server; returns what to ask it for, "" where that was given up or is another film by now.
  const asked = async (name) => {
    if (!name) return "";
    want(name);
    await until(() => !work.isSaving() || wanted?.name !== name);
    return wanted?.name === name ? name : "";
  };
  // What is still to be opened. name: what the page asked for last.
  const pending = (name) => wanted?.name || (answered.has(name) ? "" : name);

  const open = async (number) => {
    const name = newName(number);
    want(name);
    const field = () => document.querySelector("#film-to-open textarea, #film-to-open input");
    const tab = () => document.querySelector('button[role="tab"][data-tab-id="annotate"]');
    await until(() => {
      if (wanted?.name !== name) return true;
      wanted.since = Date.now(); // however long the page takes to be ready
      if (tab() && tab().getAttribute("aria-selected") === "true") return field();
      tab()?.click();
      return false;
    });
    if (wanted?.name !== name) return;
    field().value = name;
    field().dispatchEvent(new Event("input", { bubbles: true }));
  };

  // The stream of answers may be closed just when one more is asked for; it then waits on the server until something else
  // is asked for.
  let nudged = Date.now();
  setInterval(() => {
    if (!wanted && !work.isSaving()) nudged = Date.now();
    if (Date.now() - nudged > NUDGE_MS) {
      nudged = Date.now();
      document.getElementById("annotate-nudge")?.click();
    }
    if (wanted && Date.now() - wanted.since > GIVE_UP_MS) giveUp("The film was not opened: the server does not answer.");
  }, LOOK_MS);

  // --- The address -----------------------------------------------------------------------------------------------------

  // The address of a film opens it; a reload comes back to it.
  const filmOfAddress = () => (/^#film=(\d+)$/.exec(location.hash) || [])[1];
  const openFilmOfAddress = () => {
    if (filmOfAddress()) open(filmOfAddress());
  };
  if (document.readyState === "complete") openFilmOfAddress();
  else window.addEventListener("load", openFilmOfAddress);
  window.addEventListener("hashchange", () => {
    if (wanted || !work.film() || Number(filmOfAddress()) !== work.work().film) openFilmOfAddress();
  });
  // A link to the film that the address names already changes no address.
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href^="#film="]') : null;
    if (link && link.hash === location.hash) openFilmOfAddress();
  });

  window.bonegradeOpening = { want, settle, failed, refuses, asked, pending, open, until, isOn: () => Boolean(wanted) };
})();
