// What happened: filters, details, export of all that the filters leave, and a check of the chain.

import { address, api, may } from "../api.js";
import { button, h } from "../dom.js";
import { attempt, dialog, facts } from "../dialog.js";
import { timeExact, words } from "../format.js";
import { Table } from "../table.js";

const KINDS = ["connection", "file", "alarm", "console", "login"];

// What was changed goes by one name, whether it was done here, by a script or by hawser-admin.
function kind(name) {
	return name === "console" ? "Administration" : words(name);
}

// The server's sentence begins with what was done, which has a column of its own.
function about(e) {
	const at = e.text.indexOf(": ");
	const began = words(at < 0 ? e.text : e.text.slice(0, at)).toLowerCase();
	const said = [e.action, `${e.kind}.${e.action}`].some((t) => words(t).toLowerCase() === began);
	return said ? (at < 0 ? "" : e.text.slice(at + 2)) : e.text;
}

// By the name that it gives itself, which proves nothing, and its id.
function viewer(e) {
	const called = typeof e.detail.peer_name === "string" ? e.detail.peer_name : "";
	return called && called !== e.peer_id ? `${called} (${e.peer_id || "no id"})` : e.peer_id;
}

function details(e) {
	return dialog(words(e.action), () => [facts([["When", timeExact(e.at)], ["Kind", kind(e.kind)], ["Who", e.actor], ["Device", e.device_id],
		["Viewer", viewer(e)], ["Address", e.address], ["Ended", e.end_at ? timeExact(e.end_at) : ""], ["Number", e.seq], ["Hash", e.hash]]),
	h("p", null, e.text), facts(Object.entries(e.detail).map(([k, v]) => [k, typeof v === "string" ? v : JSON.stringify(v)]))], { wide: true });
}

// A day in a field is a moment in the query: the start of the day for "from", its end for "to".
function moments({ from, to, ...rest }) {
	const at = (day, clock) => {
		const ms = day ? new Date(`${day}T${clock}`).getTime() : NaN;
		return Number.isNaN(ms) ? "" : ms;
	};
	return { ...rest, from: at(from, "00:00:00"), to: at(to, "23:59:59.999") };
}

async function verify() {
	await attempt(async () => {
		const answer = await api.post("/audit/verify");
		await dialog("The chain of events", () => h(answer.ok ? "p.good" : "p.bad", null, answer.text));
	});
}

export function auditView(ctx) {
	const links = [["csv", "CSV"], ["jsonl", "JSON lines"]].map(([format, text]) =>
		h("a", { "data-format": format, download: `audit.${format}` }, `Export as ${text}`));
	const table = new Table(ctx, { title: "Audit", empty: "No event fits.", open: details,
		columns: [{ title: "When", cell: (e) => timeExact(e.at) }, { title: "What", cell: (e) => `${kind(e.kind)}: ${words(e.action)}` },
			{ title: "About", cell: about }, { title: "Who", key: "actor" }, { title: "Device", key: "device_id" },
			{ title: "Viewer", cell: viewer }, { title: "Address", key: "address" }],
		filters: [{ key: "q", label: "Search" }, { key: "kind", label: "Kind", options: KINDS.map((k) => [k, kind(k)]) },
			{ key: "actor", label: "Who" }, { key: "device", label: "Device" }, { key: "address", label: "Address" },
			{ key: "from", label: "From", type: "date" }, { key: "to", label: "To", type: "date" }],
		tools: [may("exportAudit") && links, may("verifyAudit") && button("Check the chain", verify)],
		load: (query, signal) => {
			const { cursor, ...filters } = moments(query);
			links.forEach((a) => (a.href = address("/audit/export", { ...filters, format: a.dataset.format })));
			return api.get("/audit", { ...filters, cursor }, signal);
		} });
	return [h("h1", null, "Audit"), table.el];
}
