// The server's settings, notices by mail and webhook, and where identities come from; a tab for each.

import { api, may } from "../api.js";
import { crudTable } from "../crud.js";
import { button, h, viewLink } from "../dom.js";
import { attempt, say } from "../dialog.js";
import { Form } from "../form.js";
import { number, since, words } from "../format.js";
import { NAME, pickGroup, yes } from "./parts.js";

const ALARMS = ["brute_force", "new_device", "relay_down", "node_down", "certificate", "recordings"];
const TABS = [["server", "Server"], ["mail", "Mail"], ["webhooks", "Webhooks"], ["oidc", "Providers (OIDC)"], ["ldap", "Directory (LDAP)"]];
const GENERAL = [
	{ key: "require_approval", label: "New devices wait for approval", kind: "check" },
	{ key: "require_login", label: "Viewers must log in", kind: "check" },
	{ key: "require_totp", label: "Everyone must have one-time codes", kind: "check" },
	{ key: "accessible_lists", label: "Clients list what their users may reach", kind: "check" },
	pickGroup("default_group_guid", "Group of new users", false),
	{ key: "session_hours", label: "Hours of a session", kind: "number", min: 1, max: 720 },
	{ key: "lockout_tries", label: "Wrong tries before a lock-out", kind: "number", min: 3, max: 100 },
	{ key: "lockout_minutes", label: "Minutes of a lock-out", kind: "number", min: 1, max: 1440 },
	{ key: "audit_days", label: "Days that events are kept", kind: "number", max: 36500, help: "0: for ever." },
	{ key: "recording_days", label: "Days that recordings are kept", kind: "number", max: 36500, help: "0: for ever." },
	{ key: "forget_unseen_days", label: "Forget devices not seen for days", kind: "number", max: 36500, help: "0: never." },
	{ key: "allowed_origins", label: "Other origins that may call the API", kind: "lines", help: "For a web client elsewhere; one a line." },
];
const SECRET = { key: "password", label: "Password", kind: "password", max: 1024, autocomplete: "new-password",
	help: "Empty leaves the one that is stored." };
const MAPPED = { key: "group_map", label: "Groups", kind: pairs,
	help: "Group there = group here; one a line. A role as well: role:operator." };
const MAIL = [
	{ key: "enabled", label: "Send mail", kind: "check" }, { key: "host", label: "Server", max: 256 },
	{ key: "port", label: "Port", kind: "number", min: 1, max: 65535 },
	{ key: "security", label: "Security", kind: "choice", options: [["starttls", "STARTTLS"], ["tls", "TLS"], ["none", "None"]] },
	{ key: "user", label: "User", max: 256 }, SECRET,
	{ key: "from", label: "From", kind: "email", max: 254 }, { key: "to", label: "To", kind: "lines", help: "One a line." },
	{ key: "alarms", label: "For these alarms", kind: alarms },
];
const LDAP = [
	{ key: "enabled", label: "Ask the directory", kind: "check" },
	{ key: "url", label: "Address", max: 512, placeholder: "ldaps://…", help: "With STARTTLS: ldap://…" },
	{ key: "starttls", label: "STARTTLS", kind: "check" }, { key: "bind_dn", label: "Bind as", max: 512,
		help: "Who searches; with {name} in it people bind as themselves: uid={name},ou=people,dc=example,dc=org." },
	SECRET,
	{ key: "base", label: "Base", max: 512, help: "Where people are: ou=people,dc=example,dc=org." },
	{ key: "filter", label: "Filter", max: 512, help: "Which of the entries there: (objectClass=person)." },
	{ key: "name_attribute", label: "Attribute of the name", max: 64, help: "uid; with Active Directory sAMAccountName." },
	{ key: "auto_create", label: "Make users at their first login", kind: "check" }, MAPPED,
];

// What stands in the server's file, beside what is set here.
function inFile(settings) {
	return h("p.quiet", null, `Devices that nobody owns and that are in no device group are ${settings.require_login
		? settings.unowned_open ? "open to everyone who is logged in" : "closed, but for rules"
		: "open to everyone who has the server's key, since viewers need not log in"}. unowned-open in api.conf is ${
		settings.unowned_open ? "yes" : "no"}.`);
}

function alarms(field, id) {
	const boxes = ALARMS.map((a) => [a, h("input", { type: "checkbox" })]);
	return { el: h("div.days", { id, role: "group" }, boxes.map(([a, b]) => h("label", null, b, words(a)))),
		get: () => boxes.filter(([, b]) => b.checked).map(([a]) => a), set: (v) => boxes.forEach(([a, b]) => (b.checked = (v ?? []).includes(a))) };
}

// "a = b" a line, as an object. The last "=" parts them: a group of a directory is "cn=ops,ou=groups,…".
function pairs(field, id) {
	const el = h("textarea", { id, rows: 3 });
	const parts = (line) => [line.slice(0, line.lastIndexOf("=")), line.slice(line.lastIndexOf("=") + 1)].map((s) => s.trim());
	return { el, get: () => Object.fromEntries(el.value.split("\n").filter((l) => l.includes("=")).map(parts).filter(([k, v]) => k && v)),
		set: (v) => (el.value = Object.entries(v ?? {}).map(([k, x]) => `${k} = ${x}`).join("\n")) };
}

// A form over one thing that is read and changed whole; a button that tries it.
async function single(ctx, path, fields, { change, test, note }) {
	const value = await api.get(path, {}, ctx.signal);
	const form = new Form({ value, changes: true, fields, send: async (values) => {
		if (Object.keys(values).length)
			await api.patch(path, "updated_at" in value ? { ...values, updated_at: value.updated_at } : values);
		say("Saved.");
		ctx.show();
	} });
	form.button.hidden = !may(change);
	// The server tries what it has stored: with a form that says otherwise the answer would be of something else.
	const attemptTest = () => form.touched() ? say("Save first: what is tried is what is stored.", true) : attempt(async () => {
		const answer = await api.post(`${path}/test`);
		say(answer.text, !answer.ok);
	});
	if (test && may(test))
		form.button.before(button("Try it", attemptTest));
	return h("section.card", null, note?.(value), form.el);
}

function webhooks(ctx) {
	return crudTable(ctx, { title: "Webhooks", one: "Webhook", filters: [],
		names: { add: "addWebhook", change: "changeWebhook", remove: "removeWebhook" },
		path: (guid) => (guid ? `/notices/webhooks/${guid}` : "/notices/webhooks"), empty: "There is no webhook.",
		fields: () => [NAME, { key: "url", label: "Address", required: true, max: 1024, placeholder: "https://…" },
			{ key: "enabled", label: "Holds", kind: "check", start: true },
			{ key: "secret", label: "Secret of the signature", kind: "password", min: 16, max: 128, autocomplete: "new-password" },
			{ key: "alarms", label: "For these alarms", kind: alarms }],
		more: (row) => may("testWebhook") && button("Try it", () => attempt(async () => {
			const answer = await api.post(`/notices/webhooks/${row.guid}/test`);
			say(answer.text, !answer.ok);
		})),
		columns: [{ title: "Name", cell: (w) => w.name }, { title: "Address", key: "url" }, { title: "Holds", cell: (w) => yes(w.enabled) },
			{ title: "Failures", cell: (w) => number(w.failures) }, { title: "Last", cell: (w) => `${since(w.last_at)} ${w.last_text}` }] }).el;
}

function oidc(ctx) {
	return crudTable(ctx, { title: "Providers", one: "Provider", names: { add: "addOidc", change: "changeOidc", remove: "removeOidc" }, filters: [],
		path: (guid) => (guid ? `/identity/oidc/${guid}` : "/identity/oidc"), empty: "There is no provider.",
		loss: "Its users cannot log in any more.",
		fields: () => [{ ...NAME, pattern: "[a-z0-9\\-]+", max: 64, help: "Small letters, digits and -." },
			{ key: "title", label: "Shown as", max: 128 },
			{ key: "issuer", label: "Issuer", required: true, max: 512, placeholder: "https://…" },
			{ key: "client_id", label: "Client id", required: true, max: 256 },
			{ key: "client_secret", label: "Client secret", kind: "password", max: 512, autocomplete: "new-password" },
			{ key: "scopes", label: "Scopes", start: "openid profile email", max: 256 },
			{ key: "auto_create", label: "Make users at their first login", kind: "check" },
			{ key: "domains", label: "Only mail of these domains", kind: "lines" },
			MAPPED, { key: "enabled", label: "Holds", kind: "check", start: true }],
		more: (row) => may("testOidc") && button("Try it", () => attempt(async () => {
			const answer = await api.post(`/identity/oidc/${row.guid}/test`);
			say(answer.text, !answer.ok);
		})),
		columns: [{ title: "Name", cell: (p) => p.name }, { title: "Shown as", key: "title" },
			{ title: "Issuer", key: "issuer" }, { title: "Holds", cell: (p) => yes(p.enabled) }] }).el;
}

export async function settingsView(ctx) {
	const tab = ctx.query.get("tab") ?? "server";
	const own = { ...ctx, query: new URLSearchParams(), keep: () => {} };
	const parts = { server: () => single(ctx, "/settings", GENERAL, { change: "changeSettings", note: inFile }),
		mail: () => single(ctx, "/notices/smtp", MAIL, { change: "changeSmtp", test: "testSmtp" }),
		webhooks: () => webhooks(own), oidc: () => oidc(own),
		ldap: () => single(ctx, "/identity/ldap", LDAP, { change: "changeLdap", test: "testLdap" }) };
	const links = TABS.map(([key, title]) => {
		const link = viewLink(`/settings?tab=${key}`, title);
		if (key === tab)
			link.setAttribute("aria-current", "page");
		return link;
	});
	return [h("h1", null, "Settings"), h("nav.tabs", { "aria-label": "Settings" }, links), await (parts[tab] ?? parts.server)()];
}
