// One device: what it is, what it does now, why its latest session took the way it took, and what may be changed.

import { api, may } from "../api.js";
import { button, fill, h, viewLink } from "../dom.js";
import { attempt, confirm, facts } from "../dialog.js";
import { edit } from "../crud.js";
import { since, time, words } from "../format.js";
import { name, NOTE, online, pickDeviceGroup, pickUser, state, tags } from "./parts.js";

const SPEC = { one: "Device", names: { change: "changeDevice", remove: "removeDevice" }, path: (guid) => `/devices/${guid}`,
	loss: "The device is forgotten. It comes back as a new one if it registers again.",
	fields: () => [{ key: "name", label: "Name", max: 128, help: "Empty: as the device calls itself." },
		pickUser(), pickDeviceGroup(), { key: "tags", label: "Tags", kind: "lines", help: "One a line." }, NOTE] };

// The ID server has its own list of whom it shuts out, and knows nothing of what was forgotten here.
const SHUT_OUT = " Since it is disabled, the ID server goes on shutting it out: enable it first if it is to come back, or say "
	+ "hawser-admin unblock with its id there.";
const specOf = (device) => (device.status === "disabled" ? { ...SPEC, loss: SPEC.loss + SHUT_OUT } : SPEC);

const ASKS = { disable: "It can neither register nor be reached until it is enabled, and its sessions end.",
	kick: "All sessions of this device end now." };

function actions(device, again) {
	const act = (verb, label, danger) => may(`${verb}Device`) && button(label, async () => {
		if (ASKS[verb] && !await confirm(`${label}?`, ASKS[verb], label))
			return;
		if (await attempt(() => api.post(`/devices/${device.guid}/${verb}`), "Done."))
			again();
	}, danger ? "danger" : "");
	return [device.status === "pending" && act("approve", "Approve"), device.status === "disabled" && act("enable", "Enable"),
		may("changeDevice") && button("Change", () => edit(specOf(device), device, again)),
		device.sessions > 0 && act("kick", "End sessions", true), device.status !== "disabled" && act("disable", "Disable", true)];
}

function why(device) {
	const box = h("div");
	const ask = async () => {
		try {
			const answer = await api.get(`/devices/${device.guid}/why`);
			if (!answer.at)
				return fill(box, h("p.quiet", null, "There was no session yet."));
			fill(box, h("p", null, h("strong", null, `${words(answer.path)}: `), answer.verdict), h("p.quiet", null, time(answer.at)),
				h("table", null, h("caption.hidden", null, "Ways that were tried"),
					h("thead", null, h("tr", null, ["Way", "Result", "Reason", "Time"].map((t) => h("th", { scope: "col" }, t)))),
					h("tbody", null, answer.tried.map((t) => h("tr", null, h("th", { scope: "row" }, t.way),
						h("td", { "data-title": "Result" }, words(t.result)), h("td", { "data-title": "Reason" }, t.reason || "–"),
						h("td", { "data-title": "Time" }, `${t.ms} ms`))))));
		} catch (e) {
			fill(box, h("p.quiet", null, e.status === 404 ? "There was no session yet." : e.message));
		}
	};
	ask();
	return h("section.card", null, h("h2", null, "Why this way"), box);
}

export async function deviceView(ctx) {
	const box = h("div.stack");
	const draw = async () => {
		const d = await api.get(`/devices/${ctx.params.guid}`, {}, ctx.signal);
		fill(box, h("div.head", null, h("h1", null, d.name || d.hostname || d.id), actions(d, again)),
			h("section.card", null, facts([["Id", d.id], ["State", d.status === "active" ? online(d.online) : state(d.status)],
				d.order_due && ["ID server", "It has not taken the latest change yet; it is told again until it has."],
				d.closed && ["Closed", "Its owner or group was removed: while it has neither, it is not open to who is logged in."],
				["Seen", d.online ? "now" : since(d.last_online_at)], ["Owner", name(d.owner)], ["Group", name(d.group)],
				["Tags", d.tags.length ? tags(d.tags) : ""], ["Strategy", name(d.strategy)], ["Sessions now", d.sessions],
				["Note", d.note], ["Registered", time(d.registered_at)]])),
			d.proposed && h("section.card", null, h("h2", null, "What its installer asks for"),
				facts(Object.entries(d.proposed).map(([what, value]) => [words(what), value])),
				h("p.quiet", null, "Nobody has proved this. What is right can be set by Change.")),
			h("section.card", null, h("h2", null, "What the device says of itself"), facts([["Host name", d.hostname], ["User", d.user],
				["System", d.os], ["Processor", d.cpu], ["Memory", d.memory], ["Version", d.version], ["Address", d.address],
				["Key", d.key_fingerprint]])),
			may("whyDevice") && why(d),
			may("listAudit") && h("p", null, viewLink(`/audit?device=${encodeURIComponent(d.id)}`, "What happened on this device")));
	};
	const again = () => attempt(draw);
	await draw();
	return box;
}
