// Who may reach what and when, what may be done there, and a question to ask before anyone tries.

import { api, may } from "../api.js";
import { crudView } from "../crud.js";
import { button, fill, h } from "../dom.js";
import { dialog } from "../dialog.js";
import { Form } from "../form.js";
import { number, time, words } from "../format.js";
import { name, NAME, NOTE, pickControlRole, pickUser, yes } from "./parts.js";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const PERMISSIONS = ["keyboard", "printer", "clipboard", "file", "audio", "camera", "terminal", "tunnel", "restart", "recording",
	"block_input", "remote_modify", "privacy_mode"];
const OFFICE = { days: [0, 1, 2, 3, 4], from: "08:00", to: "18:00", zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
const CLOCK = "([01][0-9]|2[0-4]):[0-5][0-9]";

export function hoursText(hours) {
	return hours ? `${hours.days.map((d) => DAYS[d]).join(", ")} ${hours.from}–${hours.to} (${hours.zone})` : "Always";
}

// "One of these kinds, by its name": a kind and a picker that looks among things of that kind.
function target(prefix, kinds) {
	const from = { group: "/groups", user: "/users", device_group: "/device-groups", device: "/devices" };
	return [{ key: `${prefix}_kind`, label: prefix === "subject" ? "Who" : "What", kind: "choice", options: kinds.map((k) => [k, words(k)]) },
		{ key: `${prefix}_guid`, label: prefix === "subject" ? "Who: its name" : "What: its name or id", kind: "pick", required: true,
			from: (form) => from[form.value(`${prefix}_kind`)] }];
}

function ruleFields(row) {
	const hours = row?.hours ?? OFFICE;
	return [NAME, { key: "enabled", label: "Holds", kind: "check", start: true }, ...target("subject", ["group", "user"]),
		...target("object", ["device_group", "group", "device"]),
		pickControlRole("Empty: the user's own."),
		{ key: "timed", label: "Only at certain hours", kind: "check", start: Boolean(row?.hours) },
		{ key: "days", label: "Days", kind: "days", when: "timed", start: hours.days },
		{ key: "from", label: "From", when: "timed", start: hours.from, pattern: CLOCK, max: 5 },
		{ key: "to", label: "To", when: "timed", start: hours.to, pattern: CLOCK, max: 5 },
		{ key: "zone", label: "Time zone", when: "timed", start: hours.zone, max: 64 },
		{ key: "expires_at", label: "Until", kind: "date", help: "Empty: for ever." }, NOTE];
}

// The hours are one value for the server and five fields here; in a change, what was not touched is as it was.
function ruleBody({ timed, days, from, to, zone, ...rest }, row) {
	if ([timed, days, from, to, zone].every((v) => v === undefined))
		return rest;
	const old = row?.hours ?? OFFICE;
	const on = timed ?? Boolean(row?.hours);
	return { ...rest, hours: on ? { days: days ?? old.days, from: from ?? old.from, to: to ?? old.to, zone: zone ?? old.zone } : null };
}

function ask() {
	return dialog("May someone reach a device?", () => {
		const box = h("div", { role: "status" });
		const form = new Form({ submit: "Ask", fields: [pickUser("user_guid", "User (empty: who is not logged in)"),
			{ key: "device_id", label: "Id of the device", required: true, max: 16 }], send: async (values) => {
			const answer = await api.post("/rules/test", values);
			const set = Object.entries(answer.permissions).filter(([, v]) => v !== "leave");
			fill(box, h("p", null, h(answer.allowed ? "strong.good" : "strong.bad", null, answer.allowed ? "Yes. " : "No. "), answer.text),
				answer.allowed && !set.length && h("p.quiet", null, "What may be done there is left to the device's own settings."),
				set.length > 0 && h("ul", null, set.map(([k, v]) => h("li", null, `${words(k)}: ${v === "allow" ? "allowed" : "refused"}`))));
		} });
		return [form.el, box];
	});
}

const view = crudView({
	title: "Access rules", one: "Rule", names: { add: "addRule", change: "changeRule", remove: "removeRule" },
	path: (guid) => (guid ? `/rules/${guid}` : "/rules"), fields: ruleFields, body: ruleBody,
	columns: [{ title: "Name", sort: "name", cell: (r) => r.name }, { title: "Who", cell: (r) => `${words(r.subject_kind)}: ${name(r.subject)}` },
		{ title: "What", cell: (r) => `${words(r.object_kind)}: ${name(r.object)}` }, { title: "When", cell: (r) => hoursText(r.hours) },
		{ title: "Until", cell: (r) => (r.expires_at ? time(r.expires_at) : "For ever") }, { title: "Holds", cell: (r) => yes(r.enabled) }],
	filters: [{ key: "q", label: "Search" }, { key: "enabled", label: "Holds", options: [["true", "Yes"], ["false", "No"]] }],
	get bulk() {
		return may("changeRules") && { path: "/rules/bulk", actions: [{ name: "enable", label: "Enable" },
			{ name: "disable", label: "Disable", danger: true }, { name: "delete", label: "Delete", danger: true }] };
	},
	tools: () => may("testRule") && button("Ask the rules", ask),
});

// What holds where no rule speaks, by the settings in force; not every role may see these.
export function besides(settings) {
	const nobodys = "devices that nobody owns and that are in no device group";
	if (!settings)
		return `The server's settings say who reaches ${nobodys}.`;
	if (!settings.require_login)
		return `Whoever has the server's key reaches ${nobodys}, without logging in, since "Viewers must log in" is off in the settings.`;
	return settings.unowned_open ? `Whoever is logged in reaches ${nobodys} (unowned-open in api.conf).` : "All else is refused.";
}

export async function rulesView(ctx) {
	const settings = may("settings") ? await api.get("/settings", {}, ctx.signal) : null;
	const [title, ...rest] = view(ctx);
	return [title, h("p.quiet", null, "Rules only allow. One's own devices need none, nor do those of a group whose members reach each other. ",
		besides(settings)), ...rest];
}

// One select for each permission, as one field of the form.
function permissions(field, id) {
	const all = PERMISSIONS.map((p) => [p, h("select", { id: `${id}-${p}` }, [["leave", "As the host says"], ["allow", "Allowed"],
		["deny", "Refused"]].map(([v, t]) => h("option", { value: v }, t)))]);
	return { el: h("div.facts", { id, role: "group" }, all.map(([p, s]) => h("div", null, h("label", { for: s.id }, words(p)), s))),
		get: () => Object.fromEntries(all.map(([p, s]) => [p, s.value]).filter(([, v]) => v !== "leave")),
		set: (v) => all.forEach(([p, s]) => (s.value = v?.[p] ?? "leave")) };
}

export const controlRolesView = crudView({
	title: "Control roles", one: "Control role", wide: true,
	names: { add: "addControlRole", change: "changeControlRole", remove: "removeControlRole" },
	intro: "What may be done in a session. At deployed RustDesk hosts a control role wins over the host's own settings, both ways; "
		+ "at hosts of hawser it only takes away: nobody gets more there than the host's owner allows.",
	path: (guid) => (guid ? `/control-roles/${guid}` : "/control-roles"), removable: (row) => row.builtin === "",
	fields: () => [NAME, { key: "enabled", label: "Holds", kind: "check", start: true },
		{ key: "permissions", label: "Permissions", kind: permissions }, NOTE],
	columns: [{ title: "Name", sort: "name", cell: (r) => r.name }, { title: "Refused", cell: (r) => list(r, "deny") },
		{ title: "Allowed", cell: (r) => list(r, "allow") }, { title: "Used by", cell: (r) => number(r.used_by) },
		{ title: "Holds", cell: (r) => yes(r.enabled) }],
});

function list(role, what) {
	return Object.entries(role.permissions).filter(([, v]) => v === what).map(([k]) => words(k)).join(", ");
}
