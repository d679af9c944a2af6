"use strict";
// Sorting, filtering, the theme, unfolding and copying. The page says everything without this.
(() => {
  const root = document.documentElement;
  const all = (query, inside = document) => [...inside.querySelectorAll(query)];

  function make(tag, parts = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(parts)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  // Theme: the reader's system decides until the button does. A page opened from a file may be refused storage.
  const theme = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const nameTheme = () => {
    theme.textContent = isDark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", `${theme.textContent} theme`);
  };
  function remembered(value) {
    try {
      if (value) localStorage.setItem("smanalyze-theme", value);
      return localStorage.getItem("smanalyze-theme");
    } catch { return null; }
  }
  const kept = remembered();
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered(root.dataset.theme);
    nameTheme();
  });
  system.addEventListener("change", nameTheme);
  nameTheme();
  theme.hidden = false;

  // Unfolding everything, by hand and for paper.
  const unfold = document.getElementById("unfold");
  let folded = [];
  unfold.addEventListener("click", () => {
    const open = unfold.textContent === "Unfold all";
    for (const one of all("details")) one.open = open;
    unfold.textContent = open ? "Fold all" : "Unfold all";
  });
  unfold.hidden = false;
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const one of folded) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of folded) one.open = false; });

  // Sorting: up, down, then as the report had it. A column of numbers starts with the largest.
  const collator = new Intl.Collator("en", { numeric: true });
  const toNumber = (cell) => {
    const text = (cell.dataset.v ?? cell.textContent).replace(/[,\s]/g, "");
    return text === "" || Number.isNaN(Number(text)) ? -Infinity : Number(text);
  };
  function sortable(table) {
    const body = table.tBodies[0];
    const original = [...body.rows];
    const heads = all("thead th", table);
    heads.forEach((head, column) => {
      const kind = head.dataset.sort;
      if (!kind || original.length < 2) return;
      const steps = kind === "number" ? ["descending", "ascending", "none"] : ["ascending", "descending", "none"];
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const next = steps[(steps.indexOf(head.getAttribute("aria-sort")) + 1) % steps.length];
        for (const other of heads) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", next);
        if (next === "none") { body.append(...original); return; }
        const keyed = original.map((row) => {
          const cell = row.cells[column];
          return [kind === "number" ? toNumber(cell) : cell.textContent.trim(), row];
        });
        const sign = next === "ascending" ? 1 : -1;
        const order = kind === "number" ? (a, b) => (a === b ? 0 : a < b ? -1 : 1) : collator.compare;
        keyed.sort((a, b) => sign * order(a[0], b[0]));
        body.append(...keyed.map(([, row]) => row));
      });
    });
  }

  // Filtering: every word has to stand somewhere in the row.
  function filterable(place, items, what) {
    if (items.length < 8) return;
    const texts = items.map((item) => item.textContent.toLowerCase());
    const input = make("input", { type: "search", autocomplete: "off", spellcheck: "false", placeholder: "Filter" });
    input.setAttribute("aria-label", `Filter ${what}`);
    const count = make("span", { role: "status" });
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      items.forEach((item, i) => {
        item.hidden = !words.every((word) => texts[i].includes(word));
        if (!item.hidden) left += 1;
      });
      count.textContent = words.length ? `${left} of ${items.length}` : "";
    };
    input.addEventListener("input", apply);
    place.before(make("div", { class: "filter" }, input, count));
    place.addEventListener("unfilter", () => { input.value = ""; apply(); });
  }
  for (const table of all("table[data-table]")) {
    filterable(table.parentElement, [...table.tBodies[0].rows], table.caption.textContent);
    sortable(table);
  }
  for (const list of all("[data-list]")) {
    filterable(list, all(":scope > [data-item]", list), list.dataset.list);
  }

  // Copying. Where the clipboard is refused the code is selected instead, ready for the keyboard.
  for (const block of all("[data-code]")) {
    const code = block.querySelector("code");
    const button = make("button", { type: "button" }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      } catch {
        getSelection().selectAllChildren(code);
      }
    });
    block.append(button);
  }

  // A link into something folded or filtered away shows it.
  function reveal() {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { /* not an address of ours */ }
    const target = id && document.getElementById(id);
    if (!target) return;
    for (let at = target; at; at = at.parentElement) {
      if (at.hidden) (at.closest(".scroll") ?? at.parentElement).dispatchEvent(new Event("unfilter"));
      if (at.tagName === "DETAILS") at.open = true;
    }
    target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  reveal();

  // Where the reader is.
  const links = new Map(all(".contents a").map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(target.getAttribute("aria-labelledby"))?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -80% 0px" });
  for (const section of all("main > section")) watch.observe(section);
})();
