// The page in the visitor's language: translates what is shown, by webapp/languages/*.json, in the same steps as catalogue.py.
(() => {
  "use strict";

  const STORE = "bonegrade-language";
  const OTHERS = { zh: "zh-CN" };
  const SPOKEN = ["placeholder", "aria-label", "title", "alt"];
  // What people typed, names and code stay as they are.
  const KEPT = "script, style, textarea, code, pre, [translate=no], [contenteditable=true], .json-holder, .cm-editor";

  const remembered = () => {
    try {
      return localStorage.getItem(STORE);
    } catch {
      return null; // a browser that keeps nothing
    }
  };
  const remember = (chosen) => {
    try {
      localStorage.setItem(STORE, chosen);
    } catch {
      // it is asked again next time
    }
  };
  const usual = () => (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
  const first = remembered();
  let language = first === "en" || first in OTHERS ? first : usual();

  // --- The catalogue ---------------------------------------------------------------------------------------------------------

  const HOLES = { "{}": "(.*?)", "{n}": "([<>+\\-\\u2212]?\\s?\\d+(?:[.,]\\d+)*k?(?:\\s?%)?(?:\\s?\\u2013\\s?\\d+(?:[.,]\\d+)*)?)", "{c}": "(\\S+)", "{s}": "[a-z]{0,4}" };
  const HOLE = /\{[ncs]?\}/g;
  const JOINTS = [
    [/([.!?])\s+/g, "$1\0", " ", ""], [/;\s+/g, "\0", "; ", "；"], [/:\s+/g, "\0", ": ", "："],
    [/\s+·\s+/g, "\0", " · ", " · "], [/,\s+/g, "\0", ", ", "，"], [/\s+and\s+/g, "\0", " and ", "和"],
  ];
  const BRACKETS = /^(.*?)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)(\.?)$/s;
  const WORD = /[A-Za-z]{2,}/g;
  const SAYS = /[A-Za-z]{2,}|\d [a-z]\b/;
  // Not a name but a sentence: it is left in English altogether, lest half of it be in another language.
  const SPEECH = /[A-Za-z']+(?: [a-z']{2,}){3}/;
  const WIDE = "\\u3000-\\u30ff\\u4e00-\\u9fff\\uff00-\\uffef";
  const GAP = new RegExp(`([${WIDE}])\\s+(?=[${WIDE}])`, "g");
  const PER_CENT = /(\d)\s%/g; // English writes "90 %", Chinese "90%"
  const OPENS_WIDE = /^[，。：；（）！？、…]/;
  const ENDS_WIDE = /[，。：；（！？、…]$/;

  const sentences = new Map();
  const patterns = new Map();
  const known = new Map();

  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
  const lettersOf = (text) => (text.match(/[A-Za-z]/g) || []).length;
  const addPattern = (key, said) => {
    const holes = key.match(HOLE);
    const literals = key.split(HOLE);
    const expression = literals.map((literal, place) => escaped(literal) + (HOLES[holes[place]] || "")).join("");
    const words = key.replace(HOLE, "\0").match(/\0?[A-Za-z]{2,}\0?/g) || [];
    const whole = words.filter((word) => !word.includes("\0")).sort((one, other) => other.length - one.length);
    const word = (whole[0] || "").toLowerCase();
    if (!patterns.has(word)) patterns.set(word, []);
    patterns.get(word).push({ fits: new RegExp(`^${expression}$`, "is"), said, weight: lettersOf(literals.join("")) });
  };
  const read = (entries) => {
    for (const [key, said] of Object.entries(entries)) {
      if (key.search(HOLE) < 0) sentences.set(key.toLowerCase(), said);
      else addPattern(key, said);
    }
    known.clear(); // of what was asked for before
  };

  // What fills a hole: names that nobody translates are at least joined as in the other language.
  const ofHole = (text) => find(text.trim().replace(/\s+/g, " ")) || text.replaceAll(" and ", "和");
  const filled = (said, parts) => {
    let next = 0;
    return said.replace(/\{(\d*)\}/g, (_, number) => parts[number === "" ? next++ : Number(number)]);
  };
  const wholeOf = (text) => {
    const said = sentences.get(text.toLowerCase());
    if (said !== undefined) return said;
    if (text.endsWith(".")) {
      const without = sentences.get(text.slice(0, -1).toLowerCase());
      if (without !== undefined) return `${without}。`;
    }
    const words = new Set(["", ...(text.match(WORD) || []).map((word) => word.toLowerCase())]);
    const fitting = [...words].flatMap((word) => patterns.get(word) || []).sort((one, other) => other.weight - one.weight);
    for (const pattern of fitting) {
      const found = pattern.fits.exec(text);
      const parts = found && found.slice(1).map(ofHole);
      if (parts && !parts.some((part) => SPEECH.test(part))) return filled(pattern.said, parts).replace(GAP, "$1").trim();
    }
    return null;
  };
  const joined = (parts, english, other) => {
    const done = [];
    let anySaid = false;
    for (let start = 0, end = 0; start < parts.length; start = end) {
      let said = null;
      for (end = parts.length; end > start; end--) {
        const run = parts.slice(start, end).join(english);
        said = end === start + 1 ? find(run) : wholeOf(run);
        if (said !== null || end === start + 1) break;
      }
      anySaid ||= said !== null;
      done.push(said === null ? (english === " " ? parts[start] : ofHole(parts[start])) : said);
    }
    return anySaid ? done.join(other).replace(GAP, "$1") : null;
  };
  const takenApart = (text) => {
    for (const [joint, mark, english, other] of JOINTS) {
      const parts = text.replace(joint, mark).split("\0");
      const said = parts.length > 1 ? joined(parts, english, other) : null;
      if (said !== null && (english === " " || !SPEECH.test(said))) return said;
    }
    const found = BRACKETS.exec(text);
    if (!found) return null;
    const [before, inside] = [find(found[1]), find(found[2])];
    return before || inside ? `${before || found[1]}（${inside || found[2]}）${found[3] && "。"}` : null;
  };
  const find = (text) => {
    if (text.search(SAYS) < 0) {
      const said = text.replace(PER_CENT, "$1%");
      return said === text ? null : said;
    }
    if (!known.has(text)) {
      if (known.size > 5000) known.clear();
      known.set(text, (wholeOf(text) || takenApart(text))?.replace(PER_CENT, "$1%") ?? null);
    }
    return known.get(text);
  };

  // A text of the page, with the spaces around it unless a wide mark stands there.
  const shownAs = (text) => {
    const said = find(text.trim().replace(/\s+/g, " "));
    if (said === null) return null;
    const before = OPENS_WIDE.test(said) ? "" : /^\s*/.exec(text)[0];
    return before + said + (ENDS_WIDE.test(said) ? "" : /\s*$/.exec(text)[0]);
  };

  // --- The page --------------------------------------------------------------------------------------------------------------

  // What stood there in English and what was put in its place, by text node, and by element and attribute.
  const texts = new WeakMap();
  const attributes = new WeakMap();

  const put = (kept, now, write) => {
    if (kept && kept.said === now) return kept;
    const said = shownAs(now);
    if (said === null || said === now) return null;
    write(said);
    return { english: now, said };
  };
  const sayText = (node) => {
    const done = put(texts.get(node), node.data, (said) => {
      node.data = said;
    });
    if (done) texts.set(node, done);
  };
  const sayAttribute = (element, name) => {
    const now = element.getAttribute(name);
    if (!now) return;
    const kept = attributes.get(element) || {};
    const done = put(kept[name], now, (said) => element.setAttribute(name, said));
    if (done) attributes.set(element, { ...kept, [name]: done });
  };
  const sayElement = (element) => {
    for (const name of SPOKEN) if (element.hasAttribute(name)) sayAttribute(element, name);
  };
  const backText = (node) => {
    const kept = texts.get(node);
    if (kept && node.data === kept.said) node.data = kept.english;
  };
  const backElement = (element) => {
    for (const [name, kept] of Object.entries(attributes.get(element) || {})) {
      if (element.getAttribute(name) === kept.said) element.setAttribute(name, kept.english);
    }
  };

  // Visits every text and element from the root down that is not to be kept as it is.
  const each = (root, ofText, ofElement) => {
    if (root.nodeType === Node.TEXT_NODE) {
      if (root.parentElement && !root.parentElement.closest(KEPT)) ofText(root);
      return;
    }
    if (root.nodeType !== Node.ELEMENT_NODE || root.closest("[translate=no]")) return;
    const accept = (node) =>
      node !== root && node.nodeType === Node.ELEMENT_NODE && node.matches("script, style, [translate=no]")
        ? NodeFilter.FILTER_REJECT
        : NodeFilter.FILTER_ACCEPT;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, accept);
    for (let node = root; node; node = walker.nextNode()) {
      if (node.nodeType === Node.ELEMENT_NODE) ofElement(node);
      else if (!node.parentElement.closest(KEPT)) ofText(node);
    }
  };

  // What a list shows as chosen is the value of a field: in English while somebody types in it, as gradio then compares it.
  const sayChosen = () => {
    document.querySelectorAll('input[role="combobox"]').forEach((field) => {
      if (field === document.activeElement) return;
      const done = put(texts.get(field), field.value, (said) => {
        field.value = said;
      });
      if (done) texts.set(field, done);
    });
  };
  const backChosen = (field) => {
    const kept = texts.get(field);
    if (kept && field.value === kept.said) field.value = kept.english;
  };

  const observer = new MutationObserver((changes) => {
    for (const { type, target, attributeName, addedNodes } of changes) {
      if (type === "childList") addedNodes.forEach((node) => each(node, sayText, sayElement));
      else if (type === "characterData") each(target, sayText, sayElement);
      else if (!target.closest("[translate=no]")) sayAttribute(target, attributeName);
    }
    sayChosen();
    observer.takeRecords(); // of what was just done
  });

  const tell = () => document.dispatchEvent(new Event("bonegrade-language"));
  let loading = null;
  const load = () => {
    loading ||= fetch("languages/zh.json", { signal: AbortSignal.timeout(3000) }).then((answer) => answer.json()).then(read);
    return loading;
  };
  const speak = async () => {
    document.documentElement.lang = OTHERS[language] || "en";
    // For the report, which the server writes. Inside another website's frame, browsers send back only cookies that say so.
    const where = window.parent !== window && window.isSecureContext ? "SameSite=None; Secure; Partitioned" : "SameSite=Lax";
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser
    document.cookie = `${STORE}=${language}; path=/; max-age=31536000; ${where}`;
    document.querySelectorAll("[data-language]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.language === language));
    });
    observer.disconnect();
    if (language === "en") {
      each(document.documentElement, backText, backElement);
      document.querySelectorAll('input[role="combobox"]').forEach(backChosen);
      tell();
      return;
    }
    // Better a moment of nothing than one of English.
    document.documentElement.classList.toggle("language-coming", !sentences.size);
    try {
      await load();
    } catch {
      loading = null; // the page stays in English
      return;
    } finally {
      document.documentElement.classList.remove("language-coming");
    }
    if (language === "en") return; // chosen meanwhile
    each(document.documentElement, sayText, sayElement);
    sayChosen();
    observer.disconnect();
    observer.observe(document.documentElement, {
      subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: SPOKEN,
    });
    tell();
  };

  // For what other scripts draw rather than put on the page as text.
  window.bonegradeLanguage = { say: (text) => (language === "en" ? text : find(text) || text) };

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-language]") : null;
    if (!button) return;
    language = button.dataset.language;
    remember(language);
    speak();
  });
  document.addEventListener("focusin", (event) => backChosen(event.target));
  for (const kind of ["focusout", "click", "keyup"]) {
    document.addEventListener(kind, () => {
      if (language !== "en") setTimeout(sayChosen);
    });
  }
  // The two buttons come with the header, which gradio draws late.
  new MutationObserver((_, waiting) => {
    if (!document.querySelector("[data-language]")) return;
    waiting.disconnect();
    speak();
  }).observe(document, { subtree: true, childList: true });
  speak();
})();
