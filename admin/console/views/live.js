// Sessions that run now; the list comes anew every few seconds.

import { api, may } from "../api.js";
import { button, h, viewLink } from "../dom.js";
import { attempt, confirm } from "../dialog.js";
import { since, words } from "../format.js";
import { Table } from "../table.js";
import { name } from "./parts.js";

const EVERY_MS = 4000;

export function liveView(ctx) {
	let table = null;
	const end = async (s) => {
		if (await confirm("End this session?", `${name(s.user) || s.viewer_id} on ${s.device.name || s.device.id} is cut off.`, "End it"))
			await attempt(() => api.post(`/live-sessions/${s.guid}/end`), "It ends within some seconds.");
	};
	table = new Table(ctx, { title: "Live sessions", empty: "No session runs.",
		columns: [{ title: "Device", cell: (s) => viewLink(`/devices/${s.device.guid}`, s.device.name || s.device.id) },
			{ title: "Viewer", cell: (s) => s.viewer_name || s.viewer_id }, { title: "User", cell: (s) => name(s.user) },
			{ title: "Kind", cell: (s) => words(s.kind) }, { title: "Way", cell: (s) => words(s.path) }, { title: "Address", key: "address" },
			{ title: "Began", cell: (s) => since(s.started_at) },
			may("endLiveSession") && { title: "Do", cell: (s) => button("End", () => end(s), "danger") }].filter(Boolean),
		load: (query, signal) => api.get("/live-sessions", query, signal) });
	const timer = setInterval(() => document.hidden || table.reload(), EVERY_MS);
	ctx.signal.addEventListener("abort", () => clearInterval(timer));
	return [h("h1", null, "Live sessions"), table.el];
}
