// The desk works as forms and links; this file makes it faster for hands on a keyboard.
// Nothing here sends, stops or puts live by itself: a key only presses what is on the page.
"use strict";
(() => {
  const root = document.documentElement;
  const keys = root.dataset.keys || "off";
  const base = root.dataset.base || "";
  const places = { t: "today", w: "worklist", a: "approvals", c: "customers", r: "rules", m: "measures" };
  let first = "";
  let firstAt = 0;

  const inField = (target) =>
    target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) && !/^(checkbox|radio)$/.test(target.type || "");

  const rows = () => [...document.querySelectorAll("[data-row]")];
  const here = () => document.querySelector("[data-row].here") || null;

  const moveTo = (row) => {
    if (!row) return;
    const link = row.querySelector("[data-open]");
    for (const each of rows()) each.classList.toggle("here", each === row);
    row.scrollIntoView({ block: "nearest" });
    if (link) link.focus();
  };

  const move = (step) => {
    const all = rows();
    const at = all.indexOf(here());
    moveTo(all[Math.min(Math.max(at + step, 0), all.length - 1)]);
  };

  let lastTicked = null;
  const tick = (range) => {
    const row = here();
    const box = row && row.querySelector('input[type="checkbox"]');
    if (!box || box.disabled) return;
    const all = rows();
    if (range && lastTicked) {
      const [from, to] = [all.indexOf(lastTicked), all.indexOf(row)].sort((a, b) => a - b);
      for (const each of all.slice(from, to + 1)) {
        const other = each.querySelector('input[type="checkbox"]');
        if (other && !other.disabled) other.checked = true;
      }
    } else {
      box.checked = !box.checked;
    }
    lastTicked = row;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const press = (key) => {
    const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!target) return false;
    target.click();
    return true;
  };

  const plain = (event) => {
    const now = Date.now();
    const before = now - firstAt < 1500 ? first : "";
    first = "";
    if (before === "g" && base && places[event.key]) {
      location.href = `${base}/${places[event.key]}`;
      return true;
    }
    if (before && press(`${before} ${event.key}`)) return true;
    if (event.key === "g" || event.key === "o") {
      first = event.key;
      firstAt = now;
      return true;
    }
    if (event.key === "/") {
      const search = document.querySelector("#search");
      if (search) search.focus();
      return Boolean(search);
    }
    if (event.key === "?") {
      location.href = "/keys";
      return true;
    }
    if (event.key === "j") return move(1), true;
    if (event.key === "k") return move(-1), true;
    if (event.key === "x") return tick(false), true;
    if (event.key === "X") return tick(true), true;
    if (event.key === "Enter" && event.target.matches("[data-row]")) {
      const link = event.target.querySelector("[data-open]");
      if (link) link.click();
      return Boolean(link);
    }
    return press(event.key);
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey) {
      const form = document.querySelector("form[data-ctrl-enter]");
      if (form) {
        event.preventDefault();
        form.requestSubmit();
      }
      return;
    }
    // In the editor's own text the editor does it; this is for the fields around it.
    const save = event.key === "s" && (event.ctrlKey || event.metaKey) && document.querySelector("[data-ctrl-s]");
    if (save && !event.defaultPrevented) {
      event.preventDefault();
      save.click();
      return;
    }
    if (keys === "off" || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    if (keys === "alt" ? !event.altKey : event.altKey) return;
    if (event.key === "Escape" && inField(event.target)) return event.target.blur();
    if (inField(event.target)) return;
    if (plain(event)) event.preventDefault();
  });

  // Each amount is a text of four decimals: added as whole numbers, so that no sum is off.
  const sumsOf = (boxes) => {
    const sums = {};
    for (const box of boxes) {
      for (const [currency, amount] of Object.entries(JSON.parse(box.dataset.sums || "{}"))) {
        sums[currency] = (sums[currency] || 0n) + BigInt(amount.replace(".", ""));
      }
    }
    return Object.entries(sums).map(([currency, sum]) => {
      const digits = String(sum).padStart(5, "0");
      const whole = digits.slice(0, -4).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
      return `${currency} ${whole}.${digits.slice(-4).replace(/0{1,2}$/, "")}`;
    }).join(" and ");
  };

  // The sum of what is ticked, for every reader: the server counts it again.
  document.addEventListener("change", (event) => {
    const list = event.target.closest("[data-ticks]");
    if (!list) return;
    if (event.target.matches("[data-all]")) {
      for (const box of list.querySelectorAll('input[name="key"]')) {
        if (!box.disabled) box.checked = event.target.checked;
      }
    }
    const ticked = [...list.querySelectorAll('input[name="key"]:checked')];
    const place = list.querySelector("[data-ticked]");
    if (!place) return;
    const sums = sumsOf(ticked);
    place.textContent = ticked.length === 0 ? "Nothing ticked" : `${ticked.length} ticked${sums ? `, ${sums}` : ""}`;
  });

  const problem = document.querySelector("[data-focus]");
  if (problem) problem.focus();
})();
