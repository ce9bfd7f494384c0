// The register as this browser knows it: what is stored, what waits to be stored, what is on its way, and where both differ.
// Nothing here touches the page. What waits is kept in localStorage, so that neither a reload nor a dead battery loses it.

const RETRY = { first: 1000, longest: 15000 };
const FIELDS = ["status", "note", "joined_at", "left_at"];

export class Register {
    constructor({ meeting, reader, roster }, changed) {
        this.url = `/meeting/${meeting}/roster`;
        this.key = `register:${reader}:${meeting}`;
        this.changed = changed;
        this.marks = new Map();
        this.etag = null;
        this.done = [];
        this.state = "saved";
        this.pause = RETRY.first;
        this.take(roster);
        const kept = JSON.parse(localStorage.getItem(this.key) || "{}");
        this.waiting = new Map(kept.waiting || []);
        this.sent = kept.sent || null;
        this.clashes = new Map();
        this.refused = new Map();
        addEventListener("online", () => this.send());
        document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
    }

    // What the visitor sees of a person: what waits, over what is stored.
    shown(user) {
        const stored = this.marks.get(user) || {};
        const change = { ...(this.sent?.changes[user] || {}), ...(this.waiting.get(user) || {}) };
        return change.unmark ? {} : { ...stored, ...change };
    }

    isPending(user) {
        return this.waiting.has(user) || Boolean(this.sent?.changes[user]);
    }

    mark(user, change) {
        const before = this.waiting.get(user);
        const version = before?.version ?? (this.sent?.changes[user] ? null : this.marks.get(user)?.version ?? 0);
        const { unmark, ...rest } = { ...before, ...change };
        const next = change.unmark ? { unmark: true } : { status: this.shown(user).status, ...rest };
        this.waiting.set(user, { ...next, version });
        this.clashes.delete(user);
        this.refused.delete(user);
        this.keep();
        clearTimeout(this.soon);
        this.soon = setTimeout(() => this.send(), 250);
        this.show("saving");
    }

    undo() {
        const batch = this.done.pop();
        for (const [user, before] of batch || []) {
            if (this.marks.has(user) || before) {
                this.mark(user, before ? Object.fromEntries(FIELDS.map((name) => [name, before[name]])) : { unmark: true });
                this.waiting.get(user).isUndo = true;
            }
        }
        this.keep();
    }

    choose(user, mine) {
        const clash = this.clashes.get(user);
        this.clashes.delete(user);
        if (clash && mine) {
            this.waiting.set(user, { ...clash.mine, version: this.marks.get(user)?.version ?? 0 });
            this.send();
        }
        this.keep();
        this.settle();
    }

    discard(user) {
        this.refused.delete(user);
        this.waiting.delete(user);
        this.keep();
        this.settle();
    }

    get isIdle() {
        return !this.waiting.size && !this.sent && !this.clashes.size && !this.refused.size;
    }

    async send() {
        if (this.busy || (!this.sent && !this.waiting.size)) return;
        clearTimeout(this.later);
        this.busy = true;
        if (!this.sent) {
            this.sent = { key: crypto.randomUUID?.() || `${Date.now()}-${Math.random()}`, changes: Object.fromEntries(this.waiting) };
            this.waiting.clear();
            this.keep();
        }
        this.show("saving");
        let answer = null;
        try {
            answer = await this.ask("PUT", body(this.sent.changes), { "Idempotency-Key": this.sent.key });
        } catch {
            // No network, or no answer: it goes again under the same key, and is stored once.
        }
        await this.received(answer);
        this.busy = false;
        this.next();
    }

    async received(answer) {
        if (!answer || answer.status >= 500 || answer.status === 429) return this.again("waiting");
        if (answer.status === 401 || answer.status === 403) return this.again("signed-out");
        this.pause = RETRY.first;
        const told = await answer.json();
        if (answer.ok) return this.stored(told);
        const { changes } = this.sent;
        this.sent = null;
        if (told.conflicts || told.unmarked) this.clash(changes, told);
        else this.refuse(changes, told);
        this.keep();
        return this.settle();
    }

    stored(roster) {
        const { changes } = this.sent;
        const before = Object.keys(changes).map((user) => [user, this.marks.get(user)]);
        const undoing = Object.values(changes).some((change) => change.isUndo);
        this.sent = null;
        this.etag = null;
        this.take(roster);
        for (const [user, change] of this.waiting) change.version ??= this.marks.get(user)?.version ?? 0;
        if (!undoing) this.done.push(before);
        this.keep();
        this.settle();
    }

    // Whose stored mark is not the one that was seen: both are kept, and the visitor chooses. The rest of the batch goes again.
    clash(changes, { conflicts = [], unmarked = [] }) {
        for (const mark of conflicts) this.marks.set(mark.user, mark);
        for (const user of unmarked) this.marks.delete(user);
        const stale = new Set([...conflicts.map((mark) => mark.user), ...unmarked]);
        for (const [user, change] of Object.entries(changes)) {
            const mine = { ...change, ...(this.waiting.get(user) || {}) };
            if (!stale.has(user)) this.waiting.set(user, mine);
            else {
                this.waiting.delete(user);
                if (!agrees(mine, this.marks.get(user))) this.clashes.set(user, { mine });
            }
        }
    }

    // Refused for another reason: those rows that the answer names, or all of them where it names none.
    refuse(changes, told) {
        const order = body(changes).marks.map((mark) => mark.user);
        const named = new Map();
        for (const error of told.errors || []) {
            const found = /^\/marks\/(\d+)\//.exec(error.pointer || "");
            if (found) named.set(order[Number(found[1])], error.detail);
        }
        for (const [user, change] of Object.entries(changes)) {
            if (!named.size || named.has(user)) this.refused.set(user, { change, text: named.get(user) || told.detail || told.title });
            else this.waiting.set(user, { ...change, ...(this.waiting.get(user) || {}) });
        }
    }

    again(state) {
        this.show(state);
        this.later = setTimeout(() => this.send(), this.pause);
        this.pause = Math.min(this.pause * 2, RETRY.longest);
    }

    next() {
        if (!this.sent && this.waiting.size) this.send();
    }

    settle() {
        if (this.refused.size) this.show("refused");
        else if (this.clashes.size) this.show("conflict");
        else if (this.waiting.size || this.sent) this.show("saving");
        else this.show("saved");
    }

    // What others have marked in the meantime.
    async refresh() {
        if (this.busy || this.sent || document.hidden || !navigator.onLine) return;
        try {
            const answer = await this.ask("GET", null, this.etag ? { "If-None-Match": this.etag } : {});
            if (answer.status === 200 && !this.busy) {
                this.etag = answer.headers.get("ETag");
                this.take(await answer.json());
                this.settle();
            } else if (answer.status === 401 || answer.status === 403) this.show("signed-out");
        } catch {
            this.show("waiting");
        }
    }

    take(roster) {
        this.meetingState = roster.meeting.state;
        this.marks = new Map(roster.rows.filter((row) => row.mark).map((row) => [row.user.id, row.mark]));
        this.expected = roster.totals.expected;
        this.users = roster.rows.map((row) => row.user.id);
    }

    ask(method, sent, headers) {
        const token = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] || document.querySelector("[name=csrfmiddlewaretoken]")?.value;
        return fetch(this.url, {
            method,
            credentials: "same-origin",
            headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token, ...headers },
            body: sent && JSON.stringify(sent),
            signal: AbortSignal.timeout(20000),
        });
    }

    keep() {
        // A clash that nobody has decided counts as waiting: after a reload the server is asked, and says again that they differ.
        const open = [...this.clashes].map(([user, clash]) => [user, clash.mine]);
        const refused = [...this.refused].map(([user, { change }]) => [user, change]);
        const waiting = [...open, ...refused, ...this.waiting];
        if (waiting.length || this.sent) localStorage.setItem(this.key, JSON.stringify({ waiting, sent: this.sent }));
        else localStorage.removeItem(this.key);
    }

    show(state) {
        this.state = state;
        this.changed();
    }
}

function body(changes) {
    const said = Object.entries(changes);
    const plain = (user, change, names) =>
        Object.fromEntries([["user", user], ...names.filter((name) => change[name] != null || (name in change && name !== "version" && name !== "status")).map((name) => [name, change[name]])]);
    const result = { marks: said.filter(([, change]) => !change.unmark).map(([user, change]) => plain(user, change, [...FIELDS, "version"])) };
    const unmark = said.filter(([, change]) => change.unmark).map(([user, change]) => plain(user, change, ["version"]));
    return unmark.length ? { ...result, unmark } : result;
}

function agrees(mine, stored) {
    if (mine.unmark || !stored) return Boolean(mine.unmark) === !stored;
    return FIELDS.every((name) => !(name in mine) || (mine[name] ?? null) === (stored[name] ?? null));
}
