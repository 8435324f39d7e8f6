// Address books: those of one's own and those that are shared; their entries, tags and who may use them.

import { api, may } from "../api.js";
import { crudTable, crudView, edit } from "../crud.js";
import { button, fill, h } from "../dom.js";
import { attempt, dialog, say } from "../dialog.js";
import { Form } from "../form.js";
import { number, words } from "../format.js";
import { name, NAME, NOTE, online, pickName, tags } from "./parts.js";

const RIGHTS = [["read", "Read"], ["write", "Write"], ["full", "Full control"]];

const BOOK = { one: "Book", names: { add: "addBook", change: "changeBook", remove: "removeBook" },
	path: (guid) => (guid ? `/books/${guid}` : "/books"), loss: "All its entries and shares go with it.",
	fields: (row) => [NAME, row && { ...pickName("owner_guid", "user", "Owner"), required: true,
		help: "To give the book away, choose somebody else." }, NOTE] };

export const booksView = crudView({ ...BOOK,
	title: "Address books", href: (b) => `/books/${b.guid}`,
	columns: [{ title: "Name", sort: "name", cell: (b) => b.name }, { title: "Owner", cell: (b) => name(b.owner) },
		{ title: "Kind", cell: (b) => (b.personal ? "Personal" : "Shared") }, { title: "Entries", cell: (b) => number(b.entries) },
		{ title: "Your right", cell: (b) => words(b.right) }],
});

function entries(ctx, book, colours) {
	const base = `/books/${book.guid}/entries`;
	const writes = book.right !== "read";
	const names = writes ? { add: "addBookEntry", change: "changeBookEntry", remove: "removeBookEntry" } : {};
	return crudTable(ctx, { title: "Entries", one: "Entry", names, path: (guid) => (guid ? `${base}/${guid}` : base),
		loss: "It goes into the bin of the book.", empty: "There is no entry.",
		fields: (row) => [{ key: "id", label: "Id of the device", required: true, max: 16, pattern: "[A-Za-z0-9_\\-]{6,16}" },
			{ key: "alias", label: "Called", max: 128 }, { key: "tags", label: "Tags", kind: "lines", help: "One a line." },
			{ key: "login_name", label: "Log in as", max: 128 },
			{ key: "password", label: "Password", kind: "password", max: 1024, autocomplete: "new-password",
				help: row?.has_password ? "One is stored; empty leaves it." : "Given to all who may read the book." },
			{ key: "force_relay", label: "Always by a relay", kind: "check" }, NOTE],
		columns: [{ title: "Called", sort: "alias", cell: (e) => e.alias || e.id }, { title: "Id", sort: "id", key: "id" },
			{ title: "Connection", cell: (e) => online(e.online) }, { title: "Tags", cell: (e) => tags(e.tags, colours) },
			{ title: "Host name", key: "hostname" }, { title: "System", key: "platform" }],
		filters: [{ key: "q", label: "Search" }, { key: "tag", label: "Tag" }, { key: "deleted", label: "Show", options: [["true", "The bin"]] }],
		bulk: writes && may("changeEntries") && { path: `${base}/bulk`, byFilter: true, actions: [
			{ name: "tag_add", label: "Add tag", fields: [{ key: "tag", label: "Tag", required: true, max: 64 }] },
			{ name: "restore", label: "Take out of the bin" }, { name: "delete", label: "Delete", danger: true }] } });
}

function shares(ctx, book) {
	const base = `/books/${book.guid}/shares`;
	return crudTable({ ...ctx, query: new URLSearchParams(), keep: () => {} }, { title: "Shared with", one: "Share",
		names: { add: "addBookShare", change: "changeBookShare", remove: "removeBookShare" }, filters: [],
		path: (guid) => (guid ? `${base}/${guid}` : base), empty: "Shared with nobody.",
		fields: (row) => (row ? [] : [pickName("group", "group", "A group"), pickName("user", "user", "or a user"),
			{ key: "everyone", label: "or everyone", kind: "check" }]).concat([{ key: "right", label: "Right", kind: "choice", options: RIGHTS }]),
		body: ({ group, user, everyone, ...rest }) => (everyone === undefined ? rest : { ...rest,
			subject_kind: everyone ? "everyone" : group ? "group" : "user", subject_guid: everyone ? null : group ?? user }),
		columns: [{ title: "Whom", cell: (s) => (s.subject_kind === "everyone" ? "Everyone" : `${words(s.subject_kind)}: ${name(s.subject)}`) },
			{ title: "Right", cell: (s) => words(s.right) }] }).el;
}

function tagDialog(book, list, again) {
	return dialog("Tags", (close) => {
		const row = (t) => new Form({ submit: "Save", value: t, fields: [{ key: "rename", label: "Name", start: t.name, required: true, max: 64 },
			{ key: "color", label: "Colour", kind: colour }],
		send: async (values) => {
			await api.put(`/books/${book.guid}/tags/${encodeURIComponent(t.name)}`, values);
			say("Saved.");
			close(true);
			again();
		} });
		const drop = (t) => button("Remove from all entries", async () => {
			if (await attempt(() => api.del(`/books/${book.guid}/tags/${encodeURIComponent(t.name)}`), "Removed.")) {
				close(true);
				again();
			}
		}, "danger");
		return list.length ? list.map((t) => h("details", null, h("summary", null, tags([t.name], new Map([[t.name, t.color]])),
			` ${number(t.entries)} entries`), row(t).el, drop(t))) : h("p", null, "No entry has a tag.");
	});
}

function colour(field, id) {
	const el = h("input", { id, type: "color" });
	return { el, get: () => el.value, set: (v) => (el.value = v ?? "#52606d") };
}

export async function bookView(ctx) {
	const base = `/books/${ctx.params.guid}`;
	const [book, list] = await Promise.all([api.get(base, {}, ctx.signal), api.get(`/books/${ctx.params.guid}/tags`, { limit: 200 }, ctx.signal)]);
	const table = entries(ctx, book, new Map(list.items.map((t) => [t.name, t.color])));
	const share = h("section", { hidden: true });
	const open = button("Who may use it", () => {
		share.hidden = !share.hidden;
		open.setAttribute("aria-expanded", String(!share.hidden));
		if (!share.hidden)
			fill(share, h("h2", null, "Shared with"), shares(ctx, book));
	});
	open.setAttribute("aria-expanded", "false");
	const mine = book.right === "full" && !book.personal;
	const change = mine && may("changeBook") && button("Change", () => edit({ ...BOOK, gone: () => (location.hash = "#/books") }, book, ctx.show));
	return [h("div.head", null, h("h1", null, book.name), book.right !== "read" && button("Tags", () => tagDialog(book, list.items, ctx.show)),
		mine && open, change), h("p.quiet", null, book.note), share, table.el];
}
