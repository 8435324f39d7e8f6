// Users: made, changed, imported; a lost telephone, a forgotten password, a session that must end.

import { address, api, may, session } from "../api.js";
import { crudView } from "../crud.js";
import { button, fill, h } from "../dom.js";
import { attempt, confirm, dialog, say, secret } from "../dialog.js";
import { Form } from "../form.js";
import { number, since, words } from "../format.js";
import { name, NAME, NOTE, pickControlRole, pickGroup, state } from "./parts.js";

const ROLES = ["user", "read-only", "operator", "auditor", "admin", "owner"];
const CSV_MAX = 8 * 1024 * 1024;
const PASSWORD = { key: "password", label: "Password", kind: "password", min: 12, max: 1024, autocomplete: "new-password" };

// Owners alone make owners; what somebody is already stays in the list.
function roles(row) {
	return ROLES.filter((r) => r !== "owner" || session().account.role === "owner" || row?.role === "owner").map((r) => [r, words(r)]);
}

// The group that a new user is in unless somebody says otherwise.
let usual = null;

// Without a word of the state it follows from whether there is a password.
function states(row) {
	const known = [["active", "Active"], ["disabled", "Disabled"]];
	return row ? known.concat(row.status === "invited" ? [["invited", "Invited"]] : [])
		: [["", "Active with a password, Invited without"], ["active", "Active"], ["invited", "Invited"], ["disabled", "Disabled"]];
}

// A provider's and a directory's users have no password here either: who adds one for them says Active.
function body(values, row) {
	return row || values.status ? values : { ...values, status: values.password ? "active" : "invited" };
}

function fields(row) {
	return [NAME, !row && { ...PASSWORD, help: "Empty: the user chooses one by a link that you send (Invited), or comes by a provider." },
		{ key: "display_name", label: "Shown as", max: 128 }, { key: "email", label: "Mail", kind: "email", max: 254 },
		{ key: "role", label: "Role", kind: "choice", options: roles(row) }, { ...pickGroup(), start: row ? undefined : usual?.guid, started: usual },
		{ key: "status", label: "State", kind: "choice", options: states(row), optional: true },
		{ key: "totp_required", label: "Must have one-time codes", kind: "check" },
		{ key: "mail_code", label: "Asks for a code by mail", kind: "check", help: "Where there are no one-time codes." },
		{ key: "max_sessions", label: "Sessions at once", kind: "number", max: 1000, help: "0: no limit." },
		pickControlRole("Empty: the default one."), NOTE];
}

function more(user, close, after) {
	const sure = async (title, text, work) => {
		if (await confirm(title, text, title) && await attempt(work, "Done.")) {
			close(true);
			after();
		}
	};
	return h("div.actions", null,
		may("resetPassword") && user.source === "local" && button("Set password", () => setPassword(user)),
		may("linkUser") && user.source === "local" && button("Link for a password", () => attempt(() => makeLink(user))),
		may("logOutUser") && button("End all sessions", () => sure("End all sessions", `${user.name} must log in again everywhere.`,
			() => api.post(`/users/${user.guid}/logout`))),
		may("dropUserTotp") && user.totp && button("Take one-time codes away", () => sure("Take one-time codes away",
			"Do this only after you have made sure who asks.", () => api.del(`/users/${user.guid}/totp`)), "danger"));
}

async function makeLink(user) {
	const { url } = await api.post(`/users/${user.guid}/link`, {});
	return dialog(`A link for ${user.name}`, (close) => [
		h("p", null, "Whoever opens it within a day chooses the password of this user. It works once, and is not shown again."),
		secret(url), h("div.actions", null, button("I have it", () => close(true), "main"))]);
}

function setPassword(user) {
	return dialog(`A password for ${user.name}`, (close) => new Form({ submit: "Set", fields: [{ ...PASSWORD, required: true },
		{ key: "must_change", label: "Must be changed at the next login", kind: "check", start: true }],
	send: async (values) => {
		await api.post(`/users/${user.guid}/password`, values);
		say("Set. All sessions of the user have ended.");
		close(true);
	} }).el);
}

// First what the file would do, then the doing.
function importUsers(after) {
	return dialog("Import users", (close) => {
		const box = h("div");
		const file = h("input", { type: "file", accept: ".csv,text/csv", "aria-label": "A CSV file", onchange: async () => {
			const chosen = file.files[0];
			if (!chosen)
				return;
			if (chosen.size > CSV_MAX)
				return fill(box, h("p.bad", null, "The file is larger than 8 MB."));
			const text = await chosen.text();
			const post = (dry) => api.post("/users/import", text, { type: "text/csv", query: { dry_run: dry } });
			await attempt(async () => {
				const answer = await post(true);
				fill(box, h("p", null, `${number(answer.created)} would be added, ${number(answer.updated)} changed.`),
					answer.errors.length > 0 && h("ul.bad", null, answer.errors.slice(0, 100).map((e) => h("li", null, `Line ${e.line}: ${e.text}`))),
					h("div.actions", null, button("Import", async () => {
						close(await attempt(() => post(false), "Imported."));
						after();
					}, "main")));
			});
		} });
		return [h("p", null, "Columns: name, display_name, email, role, group. The first line names them."), file, box];
	});
}

const view = crudView({
	title: "Users", one: "User", names: { add: "addUser", change: "changeUser", remove: "removeUser" },
	path: (guid) => (guid ? `/users/${guid}` : "/users"), fields, body, more, loss: "The user's address books go as well.",
	columns: [{ title: "Name", sort: "name", cell: (u) => u.name }, { title: "Shown as", key: "display_name" },
		{ title: "Role", sort: "role", cell: (u) => words(u.role) }, { title: "Group", cell: (u) => name(u.group) },
		{ title: "State", cell: (u) => state(u.status) }, { title: "From", cell: (u) => ({ local: "Here", ldap: "LDAP", oidc: "OIDC" })[u.source] },
		{ title: "Codes", cell: (u) => (u.totp ? "On" : u.totp_required ? "Wanted" : "Off") },
		{ title: "Last login", sort: "last_login_at", cell: (u) => since(u.last_login_at) }],
	filters: [{ key: "q", label: "Search" }, { key: "role", label: "Role", options: ROLES.map((r) => [r, words(r)]) },
		{ key: "status", label: "State", options: [["active", "Active"], ["disabled", "Disabled"], ["invited", "Invited"]] }],
	get bulk() {
		return may("changeUsers") && { path: "/users/bulk", byFilter: true, actions: [{ name: "enable", label: "Enable" },
			{ name: "group", label: "Set group", fields: [pickGroup()] }, { name: "totp_require", label: "Ask for codes" },
			{ name: "logout", label: "End sessions" }, { name: "disable", label: "Disable", danger: true },
			{ name: "delete", label: "Delete", danger: true }] };
	},
	tools: (after) => [may("exportUsers") && h("a", { href: address("/users/export"), download: "users.csv" }, "Export as CSV"),
		may("importUsers") && button("Import", () => importUsers(after))],
});

// By the settings; who may not see them gets the group that the server was made with.
async function usualGroup(signal) {
	const settings = may("settings") ? await api.get("/settings", {}, signal) : null;
	if (settings?.default_group)
		return settings.default_group;
	const found = await api.get("/groups", { q: "Default", limit: 20 }, signal);
	return found.items.find((g) => g.name === "Default") ?? null;
}

export async function usersView(ctx) {
	usual = may("addUser") ? await usualGroup(ctx.signal) : null;
	return view(ctx);
}
