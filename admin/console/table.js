// The one table of the console: filters, sorting, pages by cursor, selection, and changes of many rows with a dry run.
// What is filtered stands in the address, so that a view can be kept as a bookmark and Back works.

import { api } from "./api.js";
import { button, fill, h, uid } from "./dom.js";
import { number } from "./format.js";
import { bulk } from "./bulk.js";

const TYPING_MS = 250, FOUND = 20;

// A thing of the server by its name; what stands in the address is its guid.
function named(filter, id, label, value, change) {
	const known = new Map();
	const list = h("datalist", { id: `${id}-list` });
	const el = h("input", { id, type: "text", list: list.id, maxlength: 128, autocomplete: "off", placeholder: "all" });
	let timer = 0, now = value;
	const look = async () => {
		const page = await api.get(filter.from, { q: known.has(el.value) ? "" : el.value, limit: FOUND }).catch(() => null);
		page?.items.forEach((row) => known.set(row.name, row.guid));
		fill(list, [...known.keys()].map((name) => h("option", { value: name })));
		take();
	};
	const take = () => {
		const guid = el.value ? known.get(el.value) : "";
		el.setAttribute("aria-invalid", String(guid === undefined));
		if (guid !== undefined && guid !== now)
			change(now = guid);
	};
	el.addEventListener("focus", look);
	el.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(look, TYPING_MS);
	});
	if (value)
		api.get(`${filter.from}/${encodeURIComponent(value)}`).then((row) => {
			known.set(row.name, value);
			el.value = row.name;
		}, () => (el.value = "?"));
	return h("div.filter", null, label, el, list);
}

function filterField(filter, value, change) {
	const id = uid("filter");
	const label = h("label", { for: id }, filter.label);
	if (filter.options) {
		const options = [["", "all"], ...filter.options].map(([v, text]) => h("option", { value: v }, text));
		return h("div.filter", null, label, h("select", { id, value, onchange: (e) => change(e.target.value) }, options));
	}
	if (filter.from)
		return named(filter, id, label, value, change);
	let timer = 0;
	const oninput = (e) => {
		clearTimeout(timer);
		timer = setTimeout(() => change(e.target.value.trim()), TYPING_MS);
	};
	const type = filter.type ?? "search";
	return h("div.filter", null, label, h("input", { id, type, value, maxlength: 256, oninput,
		"data-search": filter.key === "q", autocomplete: "off" }));
}

export class Table {
	// columns: {key, title, cell(row), sort}; filters: {key, label, options}; load(query, signal) → page;
	// bulk: {path, actions}; href(row): the first column is a link; open(row): the first column is a button.
	constructor(ctx, spec) {
		this.ctx = ctx;
		this.spec = spec;
		this.query = Object.fromEntries([...(spec.filters ?? []).map((f) => f.key), "sort"]
			.map((k) => [k, ctx.query.get(k) ?? ""]));
		this.cursors = [""];
		this.chosen = new Map();
		this.all = false;
		// Roles by name: a style that makes cards of rows takes them from elements.
		this.body = h("tbody", { role: "rowgroup" });
		this.head = h("thead", { role: "rowgroup" });
		this.foot = h("div.pages");
		this.bar = h("div.bulk", { hidden: true, role: "group", "aria-label": "Selected rows" });
		this.el = this.build();
		this.reload();
	}

	build() {
		const { spec } = this;
		const filters = (spec.filters ?? []).map((f) => filterField(f, this.query[f.key], (v) => this.filter(f.key, v)));
		const grid = h("table", { role: "table", onkeydown: (e) => this.keys(e) }, h("caption.hidden", null, spec.title), this.head, this.body);
		return h("section.list", null,
			h("form.filters", { role: "search", onsubmit: (e) => e.preventDefault() }, filters,
				h("div.tools", null, spec.tools)),
			this.bar, h("div.scroll", null, grid), this.foot);
	}

	filter(key, value) {
		this.query[key] = value;
		this.cursors = [""];
		this.chosen.clear();
		this.all = false;
		const kept = Object.entries(this.query).filter(([, v]) => v !== "");
		this.ctx.keep(new URLSearchParams(kept).toString());
		this.reload();
	}

	given() {
		return Object.fromEntries(Object.entries(this.query).filter(([, v]) => v !== ""));
	}

	// Ends any load that runs: the answer to an older question must not overwrite a newer one.
	async reload() {
		this.loading?.abort();
		this.loading = new AbortController();
		const signal = AbortSignal.any([this.loading.signal, this.ctx.signal]);
		this.el.setAttribute("aria-busy", "true");
		try {
			const page = await this.spec.load({ ...this.given(), cursor: this.cursors.at(-1) }, signal);
			this.page = page;
			this.draw();
		} catch (e) {
			if (signal.aborted)
				return;
			this.message(e.message, true);
		}
		this.el.removeAttribute("aria-busy");
	}

	message(text, bad) {
		const columns = this.spec.columns.length + (this.spec.bulk ? 1 : 0);
		fill(this.body, h("tr", { role: "row" }, h(bad ? "td.bad" : "td.quiet", { colspan: columns, role: "cell" }, text)));
		fill(this.foot);
	}

	// New rows take the place of old ones: the focus stays on the row where it was.
	draw() {
		const old = this.body.contains(document.activeElement) && document.activeElement.closest("tr");
		const at = old && controls(old).indexOf(document.activeElement);
		fill(this.head, h("tr", { role: "row" }, this.spec.bulk && h("th.pick", { scope: "col", role: "columnheader" }, this.pickAll()),
			this.spec.columns.map((c) => this.title(c))));
		if (this.page.items.length)
			fill(this.body, this.page.items.map((row) => this.row(row)));
		else
			this.message(this.spec.empty ?? "There is nothing here.");
		const now = old && [...this.body.rows].find((r) => r.dataset.guid === old.dataset.guid);
		if (now)
			controls(now)[at]?.focus({ preventScroll: true });
		this.drawPages();
		this.drawBulk();
	}

	title(column) {
		if (!column.sort)
			return h("th", { scope: "col", role: "columnheader" }, column.title);
		const now = this.query.sort;
		const up = now === column.sort, down = now === `-${column.sort}`;
		const turn = () => this.filter("sort", up ? `-${column.sort}` : down ? "" : column.sort);
		return h("th", { scope: "col", role: "columnheader", "aria-sort": up ? "ascending" : down ? "descending" : "none" },
			button([column.title, h("span", { "aria-hidden": "true" }, up ? " ▲" : down ? " ▼" : "")], turn, "plain"));
	}

	pickAll() {
		const rows = this.page.items;
		const box = h("input", { type: "checkbox", "aria-label": "Select all rows of this page", onchange: () => {
			this.all = false;
			rows.forEach((r) => (box.checked ? this.chosen.set(r.guid, r) : this.chosen.delete(r.guid)));
			this.draw();
		} });
		box.checked = rows.length > 0 && rows.every((r) => this.all || this.chosen.has(r.guid));
		return box;
	}

	pick(row) {
		const name = row.name || row.id || "row";
		const box = h("input", { type: "checkbox", "aria-label": `Select ${name}`, onchange: () => {
			this.all = false;
			if (box.checked)
				this.chosen.set(row.guid, row);
			else
				this.chosen.delete(row.guid);
			this.drawBulk();
		} });
		box.checked = this.all || this.chosen.has(row.guid);
		return h("td.pick", { role: "cell" }, box);
	}

	row(row) {
		const { spec } = this;
		const cells = spec.columns.map((c, i) => {
			let content = c.cell ? c.cell(row) : row[c.key];
			if (i === 0 && spec.href)
				content = h("a.row", { href: `#${spec.href(row)}` }, content);
			else if (i === 0 && spec.open)
				content = button(content, () => spec.open(row, this), "plain row");
			const what = i === 0 ? { scope: "row", role: "rowheader" } : { role: "cell" };
			return h(i === 0 ? "th" : "td", { ...what, "data-title": c.title }, h("div", null, content?.length === 0 ? "–" : content));
		});
		return h("tr", { role: "row", "data-guid": row.guid }, spec.bulk && this.pick(row), cells);
	}

	drawPages() {
		const { next, total, items } = this.page;
		const page = this.cursors.length;
		const back = button("← Back", () => {
			this.cursors.pop();
			this.reload();
		});
		const on = button("Next →", () => {
			this.cursors.push(next);
			this.reload();
		});
		back.disabled = page === 1;
		on.disabled = next === null;
		const text = total === null ? `${items.length} on this page` : `${number(total)} in all`;
		fill(this.foot, h("span.quiet", { role: "status" }, `${text} · page ${page}`),
			(page > 1 || next !== null) && [back, on]);
	}

	drawBulk() {
		const { spec, chosen } = this;
		this.bar.hidden = !spec.bulk || (!chosen.size && !this.all);
		if (this.bar.hidden)
			return;
		const total = this.page.total;
		const filters = this.given();
		delete filters.sort;
		// All that the filters leave: only where filters are set, so that "everything" is never one click away.
		const whole = !this.all && total > this.page.items.length && Object.keys(filters).length > 0
			&& spec.bulk.byFilter && chosen.size >= this.page.items.length;
		const count = this.all ? total : chosen.size;
		fill(this.bar, h("strong", null, `${number(count)} selected`),
			whole && button(`Select all ${number(total)} that the filters leave`, () => {
				this.all = true;
				this.draw();
			}),
			spec.bulk.actions.map((a) => button(a.label, () => this.change(a, filters), a.danger ? "danger" : "")),
			button("Clear", () => {
				chosen.clear();
				this.all = false;
				this.draw();
			}));
	}

	async change(action, filters) {
		const which = this.all ? { filter: inBody(filters) } : { guids: [...this.chosen.keys()] };
		if (await bulk(this.spec.bulk.path, action, which)) {
			this.chosen.clear();
			this.all = false;
			this.reload();
		}
	}

	// Up and down go from row to row; the selection box of a row is one Tab away.
	keys(e) {
		const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
		const links = [...this.body.querySelectorAll(".row")];
		const at = links.indexOf(document.activeElement);
		if (step && at >= 0) {
			e.preventDefault();
			links[at + step]?.focus();
		}
	}
}

function controls(row) {
	return [...row.querySelectorAll("a, button, input")];
}

// In a query all is text; in a body "true" is a boolean, and days are a number.
function inBody(filters) {
	return Object.fromEntries(Object.entries(filters).map(([k, v]) =>
		[k, v === "true" ? true : v === "false" ? false : k === "unseen_days" ? Number(v) : v]));
}
