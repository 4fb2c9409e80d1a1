"use strict";
// An editable combobox with a list (WAI-ARIA Authoring Practices 1.2). Without this script the field is a plain one.
(() => {
  const combo = document.querySelector("[data-suggest]");
  if (!combo) return;
  const input = combo.querySelector("input");
  const list = combo.querySelector("ul");
  const WAIT = 120;
  let options = [];
  let active = -1;
  let timer = 0;
  let asking = null;
  let composing = false;

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  list.setAttribute("role", "listbox");

  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const activate = (index) => {
    active = index;
    [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === index)));
    if (index < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", list.children[index].id);
      list.children[index].scrollIntoView({ block: "nearest" });
    }
  };

  const open = (option) => location.assign(`/records/${encodeURIComponent(option.id)}`);

  const show = (found) => {
    options = found;
    list.replaceChildren(
      ...options.map((option, index) => {
        const item = document.createElement("li");
        item.id = `suggestion-${index}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        const text = document.createElement("span");
        text.textContent = option.text;
        const kind = document.createElement("span");
        kind.className = "suggestion-kind";
        kind.textContent = option.kind_label;
        item.append(text, kind);
        // Not `click`: the field's blur would close the list before it.
        item.addEventListener("mousedown", (event) => {
          event.preventDefault();
          open(option);
        });
        return item;
      }),
    );
    activate(-1);
    list.hidden = options.length === 0;
    input.setAttribute("aria-expanded", String(options.length > 0));
  };

  const ask = async () => {
    asking?.abort();
    const typed = input.value.trim();
    if (!typed) return close();
    asking = new AbortController();
    const wanted = new URLSearchParams({ q: typed });
    for (const kind of combo.dataset.kinds.split(",")) if (kind) wanted.append("kind", kind);
    try {
      const answer = await fetch(`${combo.dataset.suggest}?${wanted}`, { signal: asking.signal });
      if (answer.ok && input.value.trim() === typed && document.activeElement === input) {
        show((await answer.json()).suggestions);
      }
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  };

  const later = () => {
    clearTimeout(timer);
    // While a word is being composed by an input method the field holds its letters, not the word.
    if (!composing) timer = setTimeout(ask, WAIT);
  };

  input.addEventListener("compositionstart", () => { composing = true; });
  input.addEventListener("compositionend", () => { composing = false; later(); });
  input.addEventListener("input", later);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options.length) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (list.hidden) show(options);
      activate(((active + step + 1 + options.length + 1) % (options.length + 1)) - 1);
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      open(options[active]);
    }
  });
})();
