// Most views are a list of things, a form to make one, the same form to change one, and a button to remove it.

import { api, may } from "./api.js";
import { button, h } from "./dom.js";
import { attempt, confirm, dialog, say } from "./dialog.js";
import { Form } from "./form.js";
import { Table } from "./table.js";

// spec: path (a function that lists), names {add, change, remove} of operations, one, fields(row|null), columns, filters.
export function edit(spec, row, after) {
	const can = may(row ? spec.names.change : spec.names.add);
	const fields = spec.fields(row);
	return dialog(row ? `${spec.one}: ${row.name || row.alias || row.id}` : `New: ${spec.one}`, (close) => {
		const form = new Form({ fields, value: row ?? {}, changes: Boolean(row), submit: row ? "Save" : "Add",
			cancel: () => close(false), send: async (values) => {
				const body = spec.body ? spec.body(values, row) : values;
				if (row && !Object.keys(body).length)
					return close(false);
				const made = row ? await api.patch(spec.path(row.guid), { ...body, updated_at: row.updated_at })
					: await api.post(spec.path(), body);
				say(row ? "Saved." : "Added.");
				close(true);
				after();
				spec.made?.(made, row);
			} });
		if (!can)
			form.button.hidden = true;
		return [form.el, row && spec.more?.(row, close, after), row && may(spec.names.remove) && spec.removable?.(row) !== false
			&& h("div.remove", null, button(`Remove this ${spec.one.toLowerCase()}`, () => remove(spec, row, close, after), "danger"))];
	}, { wide: spec.wide });
}

async function remove(spec, row, close, after) {
	const name = row.name || row.alias || row.id;
	if (!await confirm(`Remove ${name}?`, spec.loss ?? "It cannot be taken back.", "Remove"))
		return;
	if (await attempt(() => api.del(spec.path(row.guid)), "Removed.")) {
		close(true);
		(spec.gone ?? after)();
	}
}

export function crudTable(ctx, spec) {
	let table = null;
	const after = () => table.reload();
	const add = may(spec.names.add) && button(`Add ${spec.one.toLowerCase()}`, () => edit(spec, null, after), "main");
	table = new Table(ctx, {
		title: spec.title, columns: spec.columns, filters: spec.filters ?? [{ key: "q", label: "Search" }],
		empty: spec.empty, href: spec.href, open: spec.href ? null : (row) => edit(spec, row, after),
		bulk: spec.bulk, tools: [spec.tools?.(after), add], load: (query, signal) => api.get(spec.path(), query, signal),
	});
	return table;
}

export function crudView(spec) {
	return (ctx) => [h("h1", null, spec.title), spec.intro && h("p.quiet", null, spec.intro), crudTable(ctx, spec).el];
}
