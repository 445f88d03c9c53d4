// Behaviour of every page: keyboard, toasts, forms, menus, lists. Pages work without it, more slowly.
(() => {
  "use strict";
  const root = document.documentElement;
  const body = document.body;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const words = $("#words")?.dataset ?? {};
  const french = root.lang.startsWith("fr");
  const remember = (name, value) => {
    document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
  };

  // ---- Toasts: from messages in the page, and from HX-Trigger {"toast": {text, tone, undo}} -------------------
  const toasts = $("#toasts");
  const SHOWN_MS = 10000;
  const arm = (toast) => {
    if (toast.dataset.armed) return;
    toast.dataset.armed = "1";
    if (!toast.classList.contains("bad")) setTimeout(() => toast.remove(), SHOWN_MS);
  };
  const showToast = ({ text, tone = "ok", undo = "" }) => {
    const sample = $(tone === "bad" ? "#toast-bad" : "#toast-ok");
    if (!sample || !toasts) return;
    const toast = sample.content.firstElementChild.cloneNode(true);
    $(".t", toast).textContent = text;
    if (undo) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.undo = undo;
      button.append(words.undo, " ", Object.assign(document.createElement("kbd"), { textContent: "Z" }));
      toast.insertBefore(button, $(".c", toast));
    }
    toasts.append(toast);
    arm(toast);
  };
  if (toasts) $$("[data-toast]", toasts).forEach(arm);
  body.addEventListener("toast", (event) => showToast(event.detail));
  const csrf = () => JSON.parse(body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] ?? "";
  const undo = (address) =>
    fetch(address, { method: "POST", headers: { "X-CSRFToken": csrf() }, redirect: "follow" })
      .then((answer) => { if (answer.ok) location.reload(); else throw new Error(String(answer.status)); })
      .catch(() => showToast({ text: words.failed, tone: "bad" }));

  // ---- htmx: what went wrong is said, old content is dimmed meanwhile -----------------------------------------
  body.addEventListener("htmx:responseError", (event) => {
    const answer = event.detail.xhr;
    if (/every/.test(event.detail.elt.getAttribute("hx-trigger") ?? "")) return; // a poll tries again by itself
    const said = { 401: words.signin, 403: words.denied, 404: words.gone }[answer.status];
    const reference = answer.getResponseHeader("X-Request-Id") ?? "";
    showToast({ text: said ?? `${words.failed} ${answer.status} ${reference}`.trim(), tone: "bad" });
  });
  body.addEventListener("htmx:sendError", () => showToast({ text: words.offline, tone: "bad" }));
  body.addEventListener("htmx:configRequest", (event) => {
    const form = event.target.closest?.("[data-filters]");
    if (!form) return;
    // The address is the state: sorting and columns chosen since are kept, empty filters are left out.
    const here = new URL(location.href).searchParams;
    const sent = event.detail.parameters;
    for (const name of ["sort", "cols"]) if (here.get(name)) sent[name] = here.get(name);
    for (const name of Object.keys(sent)) if (sent[name] === "") delete sent[name];
  });
  // A search box has asked while typing; its change on leaving would only ask the same again.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-filters] input[type=search]")) event.stopPropagation();
  }, true);
  body.addEventListener("htmx:afterSwap", (event) => {
    const asked = event.detail.requestConfig?.elt;
    if (asked?.matches("[data-filters]")) $$("details[data-dropdown][open]", asked).forEach((menu) => { menu.open = false; });
    if (event.detail.target?.id === "list") refreshBulk();
    window.dispatchEvent(new Event("o2c:content"));
  });

  // ---- Forms: no double submit, Ctrl+Enter, help for amounts and dates ----------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog" || form.hasAttribute("data-no-busy") || form.hasAttribute("hx-post")) return;
    if (form.dataset.busy) { event.preventDefault(); return; }
    if (event.defaultPrevented) return;
    form.dataset.busy = "1";
    form.setAttribute("aria-busy", "true");
    const pressed = event.submitter;
    if (pressed) pressed.classList.add("busy");
    // After the browser has collected the values, or the pressed button's own value would be lost.
    setTimeout(() => $$("button[type=submit], button:not([type])", form).forEach((b) => { b.disabled = true; }), 0);
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    $$("form[data-busy]").forEach((form) => {
      delete form.dataset.busy;
      form.removeAttribute("aria-busy");
      $$("button[disabled]", form).forEach((b) => { b.disabled = false; b.classList.remove("busy"); });
    });
  });

  const readAmount = (text) => {
    let bare = text.replace(/[\s\u00a0\u202f€$£]/g, "").replace("−", "-");
    let factor = 1;
    if (/^-?[\d.,]+[km]$/i.test(bare)) { factor = /k$/i.test(bare) ? 1e3 : 1e6; bare = bare.slice(0, -1); }
    const last = Math.max(bare.lastIndexOf(","), bare.lastIndexOf("."));
    if (last >= 0 && bare.length - last - 1 === 3 && factor === 1) return null; // thousands or decimals: the server says
    if (last >= 0) bare = `${bare.slice(0, last).replace(/[.,]/g, "")}.${bare.slice(last + 1)}`;
    return /^-?\d+(\.\d+)?$/.test(bare) ? Number(bare) * factor : null;
  };
  const amountFormat = new Intl.NumberFormat(french ? "fr-FR" : "en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const twoFigures = (n) => String(n).padStart(2, "0");
  const writeDate = (d) => `${twoFigures(d.getDate())}/${twoFigures(d.getMonth() + 1)}/${d.getFullYear()}`;
  const readDate = (text, prefer) => {
    const [year, month, day] = (body.dataset.today || "").split("-").map(Number);
    if (!year) return null;
    const today = new Date(year, month - 1, day);
    const plus = (days) => new Date(year, month - 1, day + days);
    const typed = text.trim().toLowerCase();
    const offset = /^([+-])\s*(\d{1,4})\s*[jd]?$/.exec(typed);
    if (offset) return plus(Number(offset[2]) * (offset[1] === "+" ? 1 : -1));
    const names = [["dim", "sun"], ["lun", "mon"], ["mar", "tue"], ["mer", "wed"], ["jeu", "thu"], ["ven", "fri"], ["sam", "sat"]];
    const weekday = names.findIndex((pair) => /^[a-z]+$/.test(typed) && pair.some((name) => typed.startsWith(name)));
    if (weekday >= 0) {
      if (prefer === "past") return plus(-(((today.getDay() - weekday + 6) % 7) + 1));
      return plus(((weekday - today.getDay() + 6) % 7) + 1);
    }
    const short = /^(\d{1,2})[/.-](\d{1,2})$/.exec(typed);
    if (!short) return null;
    let near = [-1, 0, 1].map((step) => new Date(year + step, short[2] - 1, short[1])).filter((d) => d.getMonth() === short[2] - 1);
    if (prefer === "future") near = near.filter((d) => d >= today);
    if (prefer === "past") near = near.filter((d) => d <= today);
    return near.sort((a, b) => Math.abs(a - today) - Math.abs(b - today))[0] ?? null;
  };
  document.addEventListener("focusout", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || !field.value.trim()) return;
    // Only an echo of how the server will read it; what cannot be read is left as typed.
    if (field.dataset.money !== undefined) {
      const value = readAmount(field.value);
      if (value !== null) field.value = amountFormat.format(value).replace("-", "−");
    } else if (field.dataset.date !== undefined) {
      const value = readDate(field.value, field.dataset.date);
      if (value) field.value = writeDate(value);
    }
  });
  $("[data-errors]")?.focus();

  // ---- Lists: bulk bar, columns, export -----------------------------------------------------------------------
  const refreshBulk = () => {
    $$("form[data-bulk]").forEach((form) => {
      const boxes = $$("input[name=ids]", form);
      const chosen = boxes.filter((box) => box.checked);
      boxes.forEach((box) => box.closest("tr")?.classList.toggle("sel", box.checked));
      const bar = $("[data-bulk-bar]", form);
      bar.hidden = chosen.length === 0;
      $(".o-flt", form.closest(".o-card") ?? form)?.classList.toggle("covered", chosen.length > 0);
      $("[data-bulk-count]", bar).textContent = String(chosen.length);
      const cents = chosen.reduce((sum, box) => sum + Math.round(Number(box.dataset.amount || 0) * 100), 0);
      const summed = chosen.some((box) => box.dataset.amount);
      $("[data-bulk-sum]", bar).textContent = summed ? `· ${amountFormat.format(cents / 100)}` : "";
      const all = $("input[data-all]", form);
      if (all) { all.checked = chosen.length === boxes.length && boxes.length > 0; all.indeterminate = chosen.length > 0 && !all.checked; }
      form.dispatchEvent(new CustomEvent("o2c:chosen", { bubbles: true, detail: { ids: chosen.map((box) => box.value) } }));
    });
  };
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("input[data-all]")) {
      $$("input[name=ids]", box.closest("form")).forEach((one) => { one.checked = box.checked; });
      refreshBulk();
    } else if (box.matches("form[data-bulk] input[name=ids]")) {
      refreshBulk();
    } else if (box.matches("[data-columns] input")) {
      const here = new URL(location.href);
      here.searchParams.set("cols", $$("[data-columns] input:checked").map((one) => one.value).join(",") || "-");
      location.assign(here);
    } else if (box.matches("[data-keys-toggle]")) {
      body.dataset.keys = box.checked ? "" : "off";
      remember("keys", box.checked ? "on" : "off");
    } else if (box.matches("select[data-go-to]")) {
      location.assign(box.value);
    }
  });

  // ---- Clicks that mean something everywhere ------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    $$("details[data-dropdown][open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    if (!at(".o-find")) clearResults();
    if (at("[data-dismiss]")) at("[data-toast]").remove();
    const undoButton = at("button[data-undo]");
    if (undoButton) undo(undoButton.dataset.undo);
    if (at("[data-help]")) $("#help")?.showModal();
    if (at("[data-theme-toggle]")) {
      const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
      root.dataset.theme = root.dataset.bsTheme = next;
      remember("theme", next);
    }
    const link = at("[data-export] a");
    if (link) {
      const wanted = new URL(link.href).searchParams.get("export");
      const here = new URL(location.href);
      here.searchParams.delete("page");
      here.searchParams.set("export", wanted);
      link.href = here.href;
      link.closest("details").open = false;
    }
    const copy = at("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => showToast({ text: words.copied }));
    const demo = at("[data-sign-in]");
    if (demo) {
      const form = $("#sign-in");
      form.elements.username.value = demo.dataset.signIn;
      form.elements.password.value = demo.dataset.password;
      form.requestSubmit();
    }
    if (at("[data-menu]")) {
      event.preventDefault();
      const open = body.classList.toggle("menu-open");
      if (open) $("#menu a")?.focus();
    } else if (body.classList.contains("menu-open") && !at("#menu")) body.classList.remove("menu-open");
    if (at("[data-print]")) print();
  });

  // ---- Search everywhere --------------------------------------------------------------------------------------
  const search = $("#search");
  const clearResults = () => { const results = $("[data-results]"); if (results) results.replaceChildren(); };
  const results = () => $$("[data-results] [data-result]");
  search?.form.addEventListener("keydown", (event) => {
    const found = results();
    const place = found.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && found.length) { event.preventDefault(); found[Math.min(place + 1, found.length - 1)].focus(); }
    if (event.key === "ArrowUp" && place >= 0) { event.preventDefault(); (found[place - 1] ?? search).focus(); }
    if (event.key === "Escape") { clearResults(); search.focus(); search.select(); }
    if (event.key === "Enter" && document.activeElement === search && found.length) { event.preventDefault(); found[0].click(); }
  });

  // ---- Combobox: a text field that offers answers of the server -----------------------------------------------
  const wait = (call, ms) => { let timer; return (...args) => { clearTimeout(timer); timer = setTimeout(() => call(...args), ms); }; };
  const closeList = (field) => {
    const list = document.getElementById(field.getAttribute("aria-controls"));
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const ask = wait(async (field) => {
    const list = document.getElementById(field.getAttribute("aria-controls"));
    const typed = field.value.trim();
    if (!typed) { closeList(field); return; }
    const answer = await fetch(`${field.dataset.url}?q=${encodeURIComponent(typed)}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok || field.value.trim() !== typed) return;
    list.innerHTML = await answer.text();
    $$("[role=option]", list).forEach((option, index) => { option.id = `${list.id}-${index}`; });
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
  }, 200);
  const pick = (field, option) => {
    if (!option || option.getAttribute("aria-disabled")) return;
    field.value = option.dataset.value;
    closeList(field);
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.dispatchEvent(new CustomEvent("o2c:picked", { bubbles: true }));
  };
  document.addEventListener("input", (event) => { if (event.target.matches("[data-combobox] input[role=combobox]")) ask(event.target); });
  document.addEventListener("focusout", (event) => { if (event.target.matches("[data-combobox] input")) setTimeout(() => closeList(event.target), 150); });
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[data-combobox] [role=option]");
    if (!option) return;
    event.preventDefault();
    pick($("input", option.closest("[data-combobox]")), option);
  });
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-combobox] input[role=combobox]") || field.getAttribute("aria-expanded") !== "true") return;
    const options = $$(`#${CSS.escape(field.getAttribute("aria-controls"))} [role=option]:not([aria-disabled])`);
    let place = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      place = Math.max(0, Math.min(options.length - 1, place + (event.key === "ArrowDown" ? 1 : -1)));
      options.forEach((option, index) => option.setAttribute("aria-selected", String(index === place)));
      if (options[place]) { field.setAttribute("aria-activedescendant", options[place].id); options[place].scrollIntoView({ block: "nearest" }); }
    } else if (event.key === "Enter" && options.length) {
      event.preventDefault();
      pick(field, options[Math.max(place, 0)]);
    } else if (event.key === "Escape") { event.stopPropagation(); closeList(field); }
  });

  // ---- Keyboard -----------------------------------------------------------------------------------------------
  const inField = (element) => element.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog[open]");
  let went = 0; // when g was pressed
  let row = -1;
  const rows = () => $$("[data-rows] tbody tr");
  const toRow = (step) => {
    const all = rows();
    if (!all.length) return;
    const here = all.indexOf(document.activeElement?.closest?.("tr"));
    row = Math.max(0, Math.min(all.length - 1, (here >= 0 ? here : row) + step));
    const place = $("th a, td a", all[row]) ?? all[row];
    if (place === all[row]) place.tabIndex = -1; // a row without link can still be walked to
    place.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = event.target.closest?.("form") ?? $("form[data-primary]");
      if (form) { event.preventDefault(); form.requestSubmit($("button[data-default], button.p", form)); }
      return;
    }
    if (event.key === "Escape") {
      const menu = $$("details[data-dropdown][open]").pop();
      if (menu) { menu.open = false; $("summary", menu).focus(); }
      body.classList.remove("menu-open");
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target) || body.dataset.keys === "off") return;
    // A blank presses what is in focus; elsewhere it is a shortcut like the others.
    if (event.key === " " && event.target.closest?.("button, a, summary, input[type=checkbox]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (Date.now() - went < 1500) {
      went = 0;
      const place = $(`[data-go="${CSS.escape(key)}"]`);
      if (place) { event.preventDefault(); location.assign(place.href); return; }
    }
    if (key === "/") { event.preventDefault(); search?.focus(); search?.select(); }
    else if (key === "?") { event.preventDefault(); $("#help")?.showModal(); }
    else if (key === "g") went = Date.now();
    else if (key === "j" && rows().length) toRow(1);
    else if (key === "k" && rows().length) toRow(-1);
    else if (key === "x") { const box = $("input[name=ids], input[name=pick]", rows()[row] ?? body); if (box && document.activeElement?.closest?.("tr")) { event.preventDefault(); box.click(); } }
    else if (key === "z") $$("[data-toast] [data-undo] button, [data-toast] button[data-undo]").pop()?.click();
    else {
      const button = $$(`[data-key="${CSS.escape(key)}"], [data-key="${CSS.escape(event.key.toUpperCase())}"]`).find((one) => one.offsetParent);
      if (button) { event.preventDefault(); button.click(); }
    }
  });
  refreshBulk();
})();
