"use strict";

// The page is a table to read; with this it is one to mark in, cell by cell.
(() => {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  const table = document.querySelector(".grid-table[data-editable]");
  const menu = document.getElementById("grid-menu");
  if (!table || !menu) return;

  const texts = table.dataset;
  const said = document.querySelector(".grid-said");
  const choices = [...menu.querySelectorAll("button")];
  const rows = [...table.tBodies[0].rows];
  const heads = table.tHead.rows[0].cells;
  const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const LINGER = 2500;
  let current = null; // the cell that Tab leads to
  let chosenFor = null; // the cell that the menu is open for

  const choiceOf = (look) => choices.find((choice) => choice.dataset.look === look);
  const choiceFor = (event) =>
    event.ctrlKey || event.metaKey || event.altKey
      ? undefined
      : choices.find((choice) => choice.dataset.keys.split(" ").includes(event.key.toLowerCase()));

  function nameOf(cell) {
    const choice = choiceOf(cell.dataset.look);
    const status = choice ? choice.lastElementChild.textContent : texts.unmarked;
    return [cell.parentElement.cells[0].textContent.trim(), heads[cell.cellIndex].dataset.label, status].join(", ");
  }

  function show(cell, look, version) {
    cell.dataset.look = look;
    cell.dataset.version = version;
    cell.firstElementChild.textContent = choiceOf(look)?.firstElementChild.textContent ?? "·";
    cell.firstElementChild.setAttribute("aria-label", nameOf(cell));
    total(cell.parentElement.lastElementChild, [...cell.parentElement.cells]);
    total(table.tFoot.rows[0].cells[cell.cellIndex], rows.map((row) => row.cells[cell.cellIndex]));
  }

  // As the server counts: a status without a weight leaves the denominator.
  function total(cell, counted) {
    const weights = counted
      .filter((one) => "counts" in one.dataset)
      .map((one) => choiceOf(one.dataset.look)?.dataset.weight ?? "0")
      .filter((weight) => weight !== "");
    const sum = weights.reduce((before, weight) => before + Number(weight), 0);
    const number = sum.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 2, useGrouping: false });
    cell.textContent = weights.length ? `${number}/${weights.length}` : "–";
  }

  function tell(cell, state, reason = "") {
    cell.dataset.state = state;
    said.textContent = texts[state].replace("{cell}", nameOf(cell)).replace("{reason}", reason);
    if (state === "saved") {
      setTimeout(() => {
        if (cell.dataset.state === "saved") delete cell.dataset.state;
      }, LINGER);
    }
  }

  async function send(cell, status) {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
    const seen = { user: cell.parentElement.dataset.user, version: Number(cell.dataset.version) };
    const body = status === "unmarked" ? { marks: [], unmark: [seen] } : { marks: [{ ...seen, status }] };
    const answer = await fetch(heads[cell.cellIndex].dataset.roster, {
      method: "PUT",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
      body: JSON.stringify(body),
      keepalive: true, // whoever leaves the page at once has marked all the same
    });
    return { ok: answer.ok, body: await answer.json() };
  }

  async function store(cell, status) {
    const user = cell.parentElement.dataset.user;
    if (status === cell.dataset.look) return;
    tell(cell, "saving");
    let answer;
    try {
      answer = await send(cell, status);
    } catch {
      tell(cell, "failed", texts.offline);
      return;
    }
    const { ok, body } = answer;
    const stored = ok ? body.rows.find((row) => row.user.id === user)?.mark : body.conflicts?.find((mark) => mark.user === user);
    if (stored) {
      show(cell, stored.status, stored.version);
      tell(cell, ok ? "saved" : "conflict");
    } else if (ok || body.unmarked?.includes(user)) {
      show(cell, "unmarked", 0);
      tell(cell, ok ? "saved" : "conflict");
    } else {
      tell(cell, "failed", body.detail ?? "");
    }
  }

  // One after another: each sends the version that the one before left.
  function mark(cell, choice) {
    cell.stored = (cell.stored ?? Promise.resolve()).then(() => store(cell, choice.dataset.look));
  }

  function open(cell) {
    chosenFor = cell;
    menu.showPopover();
    const at = cell.getBoundingClientRect();
    const fits = at.bottom + menu.offsetHeight < window.innerHeight;
    menu.style.top = `${Math.max(0, fits ? at.bottom : at.top - menu.offsetHeight)}px`;
    menu.style.left = `${Math.max(0, Math.min(at.left, document.documentElement.clientWidth - menu.offsetWidth))}px`;
    (cell.dataset.look === "unmarked" ? choices[0] : choiceOf(cell.dataset.look)).focus();
  }

  function choose(choice) {
    menu.hidePopover();
    chosenFor.firstElementChild.focus();
    mark(chosenFor, choice);
  }

  function move(cell, [down, right]) {
    let row = rows.indexOf(cell.parentElement) + down;
    let column = cell.cellIndex + right;
    while (rows[row]?.cells[column]) {
      const button = rows[row].cells[column].querySelector("button");
      if (button) {
        button.focus();
        return;
      }
      row += down;
      column += right;
    }
  }

  for (const cell of table.querySelectorAll("td[data-version]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.textContent = cell.textContent;
    button.setAttribute("aria-label", cell.getAttribute("aria-label"));
    button.setAttribute("aria-haspopup", "menu");
    cell.removeAttribute("aria-label");
    cell.replaceChildren(button);
    current ??= button;
  }
  current.tabIndex = 0;
  document.querySelector(".grid-keys").hidden = false;

  table.addEventListener("focusin", (event) => {
    if (!event.target.matches("td > button")) return;
    current.tabIndex = -1;
    current = event.target;
    current.tabIndex = 0;
  });

  table.addEventListener("click", (event) => {
    const button = event.target.closest("td > button");
    if (button) open(button.parentElement);
  });

  table.addEventListener("keydown", (event) => {
    if (!event.target.matches("td > button")) return;
    const cell = event.target.parentElement;
    const choice = choiceFor(event);
    if (choice) mark(cell, choice);
    else if (MOVES[event.key]) move(cell, MOVES[event.key]);
    else return;
    event.preventDefault();
  });

  menu.addEventListener("click", (event) => {
    const choice = event.target.closest("button");
    if (choice) choose(choice);
  });

  menu.addEventListener("keydown", (event) => {
    const choice = choiceFor(event);
    const step = MOVES[event.key]?.[0];
    if (choice) choose(choice);
    else if (event.key === "Tab") menu.hidePopover();
    else if (step) choices.at((choices.indexOf(document.activeElement) + step) % choices.length).focus();
    else return;
    event.preventDefault();
  });

  table.parentElement.addEventListener("scroll", () => menu.hidePopover());
})();
