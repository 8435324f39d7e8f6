// Tokens for scripts: what they may do, until when, and the secret, which is shown once.

import { crudView } from "../crud.js";
import { h } from "../dom.js";
import { dialog, secret } from "../dialog.js";
import { since, time, words } from "../format.js";
import { name, NAME, yes } from "./parts.js";

const AREAS = ["device", "user", "group", "book", "rule", "strategy", "audit", "relay", "recording", "setting"];
const MONTHS_3_MS = 90 * 86400000;

function scopes(field, id) {
	const all = AREAS.map((a) => [a, h("select", { id: `${id}-${a}` }, [["", "Nothing"], ["r", "Read"], ["rw", "Read and write"]]
		.map(([v, t]) => h("option", { value: v }, t)))]);
	return { el: h("div.facts", { id, role: "group" }, all.map(([a, s]) => h("div", null, h("label", { for: s.id }, words(a)), s))),
		get: () => Object.fromEntries(all.map(([a, s]) => [a, s.value]).filter(([, v]) => v !== "")),
		set: (v) => all.forEach(([a, s]) => (s.value = v?.[a] ?? "")) };
}

export const tokensView = crudView({
	title: "Tokens", one: "Token", wide: true, names: { add: "addToken", change: "changeToken", remove: "removeToken" },
	intro: "A token may never do more than the person who made it.", loss: "Scripts that use it stop at once.",
	path: (guid) => (guid ? `/tokens/${guid}` : "/tokens"),
	fields: () => [NAME, { key: "scopes", label: "May", kind: scopes },
		{ key: "expires_at", label: "Until", kind: "date", start: Date.now() + MONTHS_3_MS,
		help: "Empty: for ever." }, { key: "enabled", label: "Holds", kind: "check", start: true }],
	made: (made, row) => row || dialog("The token", (close) => [h("p", null, "Keep it now: it is not shown again."),
		secret(made.secret), h("div.actions", null, h("button.main", { type: "button", onclick: () => close(true) }, "I have it"))]),
	columns: [{ title: "Name", sort: "name", cell: (t) => t.name }, { title: "Begins with", key: "prefix" },
		{ title: "Made by", cell: (t) => name(t.owner) },
		{ title: "May", cell: (t) => Object.entries(t.scopes).map(([a, r]) => `${words(a)} (${r === "rw" ? "read, write" : "read"})`).join(", ") },
		{ title: "Until", cell: (t) => (t.expires_at ? time(t.expires_at) : "For ever") }, { title: "Used", cell: (t) => since(t.last_used_at) },
		{ title: "Holds", cell: (t) => yes(t.enabled) }],
});
