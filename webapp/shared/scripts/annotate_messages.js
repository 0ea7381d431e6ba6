// The line above the film that tells the reader the outcome of what they did.
(() => {
  "use strict";

  const KINDS = ["error", "warning", "good"];
  const place = () => document.getElementById("annotate-message");

  // The outcome of the last act (a save, say), as long as it counts, and the name of its film.
  let answer = null;

  // Says something in place of the answer, which is shown again as soon as another film is open.
  const hint = (text, kind) => {
    if (!place()) return;
    place().className = `annotate-message ${kind || ""}`;
    place().textContent = text;
  };
  const tell = (text, kind) => {
    answer = null;
    hint(text, kind);
  };
  const quiet = () => tell("", "");
  const aboutFilm = (message, of, open) => (of === open ? message.text : `${of}: ${message.text}`);
  // of: the name of the film that was acted on. open: of the film that is open.
  const tellAnswer = (message, of, open) => {
    tell(aboutFilm(message, of, open), message.kind);
    answer = { ...message, of };
  };
  // Says what there is to say about the film that was opened; the answer to the act before it stays.
  const tellOpened = (message, open) => {
    const before = answer && { ...answer, text: aboutFilm(answer, answer.of, open) };
    const all = [before, message].filter(Boolean);
    tell(all.map((one) => one.text).join(" "), KINDS.find((kind) => all.some((one) => one.kind === kind)));
  };

  window.bonegradeMessages = { hint, tell, quiet, tellAnswer, tellOpened };
})();
