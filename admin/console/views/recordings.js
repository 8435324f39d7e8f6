// Recordings that hosts and viewers have sent, sealed for the auditor's key. Each access is an event of the audit.

import { address, api, may } from "../api.js";
import { button, h } from "../dom.js";
import { attempt, confirm } from "../dialog.js";
import { bytes, span, time } from "../format.js";
import { Table } from "../table.js";
import { name } from "./parts.js";

function download(r) {
	return h("a", { href: address(`/recordings/${r.guid}/content`), download: `${r.guid}.${r.format}.sealed` }, "Download");
}

export function recordingsView(ctx) {
	let table = null;
	const remove = async (r) => {
		if (await confirm("Remove this recording?", "It cannot be taken back.", "Remove")
			&& await attempt(() => api.del(`/recordings/${r.guid}`), "Removed."))
			table.reload();
	};
	table = new Table(ctx, { title: "Recordings", empty: "There is no recording.",
		columns: [{ title: "When", cell: (r) => time(r.started_at) }, { title: "Device", key: "device_id" }, { title: "Viewer", key: "viewer_id" },
			{ title: "User", cell: (r) => name(r.user) }, { title: "Length", cell: (r) => span(r.seconds) },
			{ title: "Size", cell: (r) => bytes(r.bytes) },
			{ title: "Sealed for", key: "encrypted_to" }, { title: "Kept until", cell: (r) => (r.expires_at ? time(r.expires_at) : "For ever") },
			{ title: "Do", cell: (r) => [may("playRecording") && download(r), " ",
				may("removeRecording") && button("Remove", () => remove(r), "danger")] }],
		filters: [{ key: "device", label: "Device" }], load: (query, signal) => api.get("/recordings", query, signal) });
	return [h("h1", null, "Recordings"), h("p.quiet", null, "Sealed: the auditor's key opens them after the download."), table.el];
}
