// The register page: buttons, keys, search and the signs of what is saved. What is stored and what waits is register.js's.

import { Register } from "./register.js";

const root = document.getElementById("register");
const text = root.dataset;
const data = JSON.parse(document.getElementById("register-data").textContent);
const rows = new Map([...document.querySelectorAll(".row")].map((row) => [row.dataset.user, row]));
const editable = Boolean(document.getElementById("rest"));
const POLL = 4000;

const register = new Register(data, show);
root.classList.add("with-js");

function show() {
    const counts = {};
    for (const [user, row] of rows) {
        const mark = register.shown(user);
        if (mark.status) counts[mark.status] = (counts[mark.status] || 0) + 1;
        showRow(user, row, mark);
    }
    const statuses = [...document.querySelectorAll('.totals [id^="total-"]')].map((cell) => cell.id.slice("total-".length));
    for (const status of statuses) {
        if (status !== "marked" && status !== "expected") document.getElementById(`total-${status}`).textContent = counts[status] || 0;
    }
    document.getElementById("total-marked").textContent = Object.values(counts).reduce((sum, one) => sum + one, 0);
    showState();
}

function showRow(user, row, mark) {
    for (const input of row.querySelectorAll("input[type=radio]")) input.checked = input.value === mark.status;
    put(row.querySelector(".note input"), mark.note || "");
    put(row.querySelector(".came input"), clock(mark.joined_at));
    put(row.querySelector(".left input"), clock(mark.left_at));
    row.classList.toggle("is-pending", register.isPending(user));
    row.classList.toggle("has-note", Boolean(mark.note));
    showClash(user, row);
}

function put(input, value) {
    if (document.activeElement !== input) input.value = value;
}

function showClash(user, row) {
    const place = row.querySelector(".clash");
    const clash = register.clashes.get(user);
    const refused = register.refused.get(user);
    row.classList.toggle("in-conflict", Boolean(clash || refused));
    const sign = JSON.stringify([clash, refused, register.marks.get(user)?.version]);
    if (place.dataset.sign === sign) return;
    place.dataset.sign = sign;
    place.replaceChildren();
    if (clash) {
        const words = text.textBoth.replace("%(mine)s", label(row, clash.mine)).replace("%(theirs)s", label(row, register.marks.get(user)));
        place.append(words, button(text.textMine, () => register.choose(user, true)), button(text.textTheirs, () => register.choose(user, false)));
    } else if (refused) {
        place.append(refused.text, button(text.textDiscard, () => register.discard(user)));
    }
}

function button(words, act) {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "tool", textContent: words });
    made.addEventListener("click", act);
    return made;
}

function label(row, mark) {
    const input = mark?.status && !mark.unmark && row.querySelector(`input[value="${mark.status}"]`);
    const words = input ? input.parentElement.querySelector("i").textContent : text.textNone;
    return mark?.note ? `${words} (${mark.note})` : words;
}

function showState() {
    const place = document.getElementById("save-state");
    const words = { saved: text.textSaved, saving: text.textSaving, waiting: text.textWaiting, conflict: text.textConflict,
        refused: text.textRefused, "signed-out": text.textSignedOut };
    place.dataset.state = register.state;
    if (place.textContent !== words[register.state]) place.textContent = words[register.state];
    const undo = document.getElementById("undo");
    if (undo) undo.disabled = !register.done.length;
    if (register.meetingState !== data.roster.meeting.state && register.isIdle && !sameKind()) location.reload();
}

// A scheduled meeting that its first mark has opened looks the same; one that was closed elsewhere does not.
function sameKind() {
    const open = (state) => state === "scheduled" || state === "open";
    if (open(register.meetingState) && open(data.roster.meeting.state)) {
        document.getElementById("state").className = `state state-${register.meetingState}`;
        return true;
    }
    return false;
}

// --- Times, on the clocks of the group -------------------------------------------------------------------------------

function clock(moment) {
    if (!moment) return "";
    return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: data.zone }).format(new Date(moment));
}

function moment(time) {
    return time ? `${data.day}T${time}:00${data.offset}` : null;
}

// --- What people do --------------------------------------------------------------------------------------------------

function userOf(element) {
    return element.closest(".row").dataset.user;
}

function set(user, status) {
    register.mark(user, register.shown(user).status === status ? { unmark: true } : { status });
}

function wire() {
    const list = document.getElementById("rows");
    list.addEventListener("change", (event) => {
        const input = event.target;
        if (input.type === "radio") register.mark(userOf(input), { status: input.value });
        else if (input.type === "text") register.mark(userOf(input), { note: input.value.trim() });
        else if (input.type === "time") register.mark(userOf(input), { [input.name.startsWith("came") ? "joined_at" : "left_at"]: moment(input.value) });
    });
    // A second tap on the chosen status takes it back.
    list.addEventListener("click", (event) => {
        const opener = event.target.closest(".open-more");
        if (opener) open(opener);
        const input = event.target;
        if (input.type === "radio" && register.shown(userOf(input)).status === input.value && input.dataset.was === "true") {
            set(userOf(input), input.value);
        }
    });
    list.addEventListener("pointerdown", (event) => {
        const input = event.target.closest(".status")?.querySelector("input");
        if (input) input.dataset.was = String(input.checked);
    });
    list.addEventListener("keydown", keys);
    document.getElementById("rest").addEventListener("click", (event) => {
        event.preventDefault();
        for (const user of rows.keys()) if (!register.shown(user).status) register.mark(user, { status: "present" });
    });
    document.getElementById("undo").addEventListener("click", () => register.undo());
    document.getElementById("register-form").addEventListener("submit", (event) => event.preventDefault());
    addEventListener("beforeunload", (event) => {
        if (!register.isIdle && !navigator.serviceWorker?.controller) event.preventDefault();
    });
}

function open(opener) {
    const isOpen = opener.closest(".row").classList.toggle("is-open");
    opener.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) opener.closest(".row").querySelector(".note input").focus();
}

const STEPS = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };

function keys(event) {
    const input = event.target;
    if (input.type !== "radio" || event.ctrlKey || event.altKey || event.metaKey) return;
    const row = input.closest(".row");
    const chosen = [...row.querySelectorAll("input[data-keys]")].find((one) => one.dataset.keys.includes(event.key.toLowerCase()));
    if (STEPS[event.key]) {
        move(row, input, ...STEPS[event.key]);
    } else if (chosen && event.key.length === 1) {
        if (register.shown(row.dataset.user).status !== chosen.value) register.mark(row.dataset.user, { status: chosen.value });
        move(row, chosen, 1, 0);
    } else if (event.key === "Delete" || event.key === "Backspace") {
        if (register.shown(row.dataset.user).status) register.mark(row.dataset.user, { unmark: true });
    } else return;
    event.preventDefault();
}

function move(row, input, down, across) {
    const places = [...row.querySelectorAll("input[data-keys]")];
    const seen = [...rows.values()].filter((one) => !one.hidden);
    const next = seen[seen.indexOf(row) + down] || row;
    const place = Math.min(Math.max(places.indexOf(input) + across, 0), places.length - 1);
    next.querySelectorAll("input[data-keys]")[place].focus();
}

function fold(words) {
    return words.toLowerCase().normalize("NFKC").replaceAll("ё", "е").trim();
}

document.getElementById("search").addEventListener("input", (event) => {
    const words = fold(event.target.value).split(/\s+/);
    for (const row of rows.values()) row.hidden = !words.every((word) => row.dataset.name.includes(word));
});

for (const form of document.querySelectorAll("form.move")) {
    form.addEventListener("submit", (event) => {
        if (register.isIdle) return;
        event.preventDefault();
        register.send();
    });
}

if (editable) {
    wire();
    show();
    register.send();
} else show();
setInterval(() => register.refresh(), POLL);
navigator.serviceWorker?.register(text.worker, { scope: "/admin/" });
