// Buttons, radio buttons and keys of the Annotate tab. A key never acts while a text field has the focus, with Ctrl, Alt
// or Meta held (except Ctrl Z and Ctrl Y), or while the reader has switched the keys off.
(() => {
  "use strict";

  const work = window.bonegradeWork;
  const TYPE_AHEAD_MS = 600;
  const byId = (id) => document.getElementById(id);

  const inTextField = (target) => {
    if (!(target instanceof Element)) return false;
    if (target.closest("textarea, select, [contenteditable], [role=listbox], [role=combobox], [role=dialog], dialog")) return true;
    const input = target.closest("input");
    return Boolean(input) && !["radio", "checkbox", "button", "submit"].includes(input.type);
  };

  // The second digit of a two-digit grade is joined to the first if it is typed soon after, on the same bone.
  let typed = { digits: "", bone: "", at: 0 };
  const digit = (key) => {
    const bone = work.work().bone;
    const last = work.film().bones[bone].labels.length - 1;
    const goesOn = typed.bone === bone && Date.now() - typed.at < TYPE_AHEAD_MS && typed.digits !== "0";
    const longer = goesOn ? typed.digits + key : "";
    const joined = longer !== "" && Number(longer) <= last;
    const digits = joined ? longer : key;
    typed = { digits, bone, at: Date.now() };
    if (Number(digits) > last) {
      work.tell(`${work.film().bones[bone].title} has the grades 0 to ${last}.`, "warning");
      return;
    }
    work.judge(bone, Number(digits), { join: joined });
  };

  const help = () => {
    const list = byId("key-help");
    list.hidden = !list.hidden;
    if (!list.hidden) list.scrollIntoView({ block: "nearest" });
  };
  const clashChoice = (which) => {
    const panel = byId("clash");
    if (!panel) return;
    const theirs = [...panel.querySelectorAll("input[type=radio]")]
      .filter((input) => input.value === "theirs" && !input.disabled && (which === "theirs" || (which === "chosen" && input.checked)))
      .map((input) => input.dataset.bone);
    work.act({ do: "settle", revision: Number(panel.dataset.revision), theirs });
  };

  const DO = {
    bone: (button) => work.go(button.dataset.bone),
    accept: () => work.accept(),
    clear: () => work.takeBack(),
    undo: () => work.undo(),
    redo: () => work.redo(),
    save: () => work.act({ do: "save" }),
    next: () => work.act({ do: "next" }),
    download: () => work.act({ do: "download" }),
    restore: (button) => work.act({ do: "restore", event: Number(button.dataset.event) }),
    gold: (button) => work.act({ do: "gold", what: button.dataset.what, revision: Number(button.dataset.revision) }),
    "settle-mine": () => clashChoice("mine"),
    "settle-theirs": () => clashChoice("theirs"),
    "settle-chosen": () => clashChoice("chosen"),
  };
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-do]") : null;
    if (!button || button.disabled || !work.film()) return;
    DO[button.dataset.do]?.(button);
  });

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || !work.film()) return;
    if (input.closest("#grade-guide")) {
      work.judge(work.work().bone, input.value === "unreadable" ? null : Number(input.value));
    } else if (input.id === "keys-on") {
      localStorage.setItem("bonegrade-keys", input.checked ? "on" : "off");
    }
  });
  let noted = "";
  document.addEventListener("input", (event) => {
    if (!work.film() || !(event.target instanceof Element)) return;
    if (event.target.id === "bone-note") {
      // One step for a note, however many letters it has.
      const bone = work.work().bone;
      work.note(event.target.value, noted === bone);
      noted = bone;
    } else if (event.target.closest("#film-note")) work.noteFilm(event.target.value);
  });
  document.addEventListener("focusout", () => (noted = ""));

  const KEYS = {
    j: () => work.along(1),
    k: () => work.along(-1),
    a: () => work.accept(),
    "+": () => work.shift(1),
    "=": () => work.shift(1),
    "-": () => work.shift(-1),
    x: () => work.judge(work.work().bone, null),
    u: () => work.undo(),
    r: () => work.redo(),
    s: () => work.film().keeps && work.act({ do: "save" }),
    n: () => work.film().keeps && work.act({ do: "next" }),
    m: () => byId("bone-note").focus(),
    "?": help,
  };
  const REPEATED = new Set(["j", "k", "+", "=", "-", "u", "r"]);

  const keysAreOn = () => byId("keys-on")?.checked ?? true;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target?.id === "bone-note") {
      event.target.blur();
      return;
    }
    if (event.defaultPrevented || !work.atWork() || inTextField(event.target) || event.isComposing) return;
    if (byId("model-box-edit")) return; // the box editor is asking for a bone
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && !event.altKey) {
      const again = key === "y" || (key === "z" && event.shiftKey);
      if (!again && key !== "z") return;
      event.preventDefault();
      (again ? work.redo : work.undo)();
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || !keysAreOn()) return;
    if (!/^[0-9]$/.test(key)) typed = { digits: "", bone: "", at: 0 };
    const action = /^[0-9]$/.test(key) ? () => digit(key) : KEYS[key];
    if (!action || (event.repeat && !REPEATED.has(key))) return;
    event.preventDefault();
    action();
  });

  new MutationObserver((_, observer) => {
    const box = byId("keys-on");
    if (!box) return;
    box.checked = localStorage.getItem("bonegrade-keys") !== "off";
    observer.disconnect();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
