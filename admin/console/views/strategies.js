// Settings that are pushed to hosts: which, to whom, and whether local changes are undone.

import { api, may } from "../api.js";
import { outcome } from "../bulk.js";
import { crudView } from "../crud.js";
import { button, fill, h } from "../dom.js";
import { attempt, dialog } from "../dialog.js";
import { Form } from "../form.js";
import { number, words } from "../format.js";
import { NAME, NOTE, yes } from "./parts.js";

let known = [];

function choices(option) {
	return option.kind === "bool" ? ["Y", "N"] : option.choices;
}

// Each option that may be pushed, with "not set" as what it is until someone chooses.
function options(field, id) {
	const controls = known.map((o) => {
		const list = choices(o);
		const name = `${id}-${o.name}`;
		const el = list.length ? h("select", { id: name }, ["", ...list].map((c) => h("option", { value: c }, c || "Not set")))
			: h("input", { id: name, type: o.kind === "number" ? "number" : "text", maxlength: 1024, placeholder: "Not set" });
		return [o, el];
	});
	const strangers = {};
	return { el: h("div", { id, role: "group" }, controls.map(([o, el]) =>
		h("div.field", null, h("label", { for: el.id }, o.name), el, h("small", null, o.text)))),
		get: () => ({ ...strangers, ...Object.fromEntries(controls.map(([o, el]) => [o.name, el.value]).filter(([, v]) => v !== "")) }),
		set: (v) => {
			controls.forEach(([o, el]) => (el.value = v?.[o.name] ?? ""));
			Object.entries(v ?? {}).filter(([k]) => !known.some((o) => o.name === k)).forEach(([k, value]) => (strangers[k] = value));
		} };
}

function targets(strategy) {
	return dialog(`Whom ${strategy.name} holds for`, (close) => {
		const box = h("div", null, h("p.quiet", null, "Loading…"));
		const base = `/strategies/${strategy.guid}/targets`;
		const change = async (body) => {
			const answer = await api.post(`/strategies/${strategy.guid}/targets`, { ...body, dry_run: true });
			fill(box, outcome(answer), h("div.actions", null, button("Back", draw), button("Do it", async () => {
				if (await attempt(() => api.post(`/strategies/${strategy.guid}/targets`, { ...body, dry_run: false }), "Done."))
					draw();
			}, "main")));
		};
		const draw = () => attempt(async () => {
			const page = await api.get(base, { limit: 200 });
			fill(box, h("p.quiet", null, "A device's own strategy goes before its user's, that before its group's."),
				h("ul", null, page.items.map((t) => h("li", null, `${words(t.kind)}: ${t.name ?? t.guid} `, may("changeTargets")
					&& button("Remove", () => attempt(() => change({ remove: [{ kind: t.kind, guid: t.guid }] })), "danger")))),
				page.next !== null && h("p.quiet", null, "The first 200 are shown."), may("changeTargets") && add(change));
		});
		draw();
		return [box, h("div.actions", null, button("Close", () => close(true)))];
	});
}

function add(change) {
	const from = [["device_group", "A device group", "/device-groups"], ["user", "A user", "/users"], ["device", "A device", "/devices"]];
	return from.map(([kind, label, path]) => new Form({ submit: "Add",
		fields: [{ key: "guid", label, kind: "pick", from: () => path, required: true }],
		send: (values) => change({ add: [{ kind, guid: values.guid }] }) }).el);
}

const view = crudView({
	title: "Strategies", one: "Strategy", wide: true, names: { add: "addStrategy", change: "changeStrategy", remove: "removeStrategy" },
	intro: "Settings that hosts take from this server; those of hawser only what the ID server has signed, and by themselves only what "
		+ "narrows. They reach switches of security as well (how a session is approved, who may come): whoever may change strategies "
		+ "has power over those hosts.",
	path: (guid) => (guid ? `/strategies/${guid}` : "/strategies"), loss: "Its settings are taken back from all its devices.",
	fields: () => [NAME, { key: "enabled", label: "Holds", kind: "check", start: true },
		{ key: "enforce", label: "Undo local changes", kind: "check" }, { key: "options", label: "Settings", kind: options }, NOTE],
	more: (row) => h("div.actions", null, button("Whom it holds for", () => targets(row))),
	columns: [{ title: "Name", sort: "name", cell: (s) => s.name }, { title: "Devices", cell: (s) => number(s.devices) },
		{ title: "Settings", cell: (s) => number(Object.keys(s.options).length) }, { title: "Enforced", cell: (s) => yes(s.enforce) },
		{ title: "Holds", cell: (s) => yes(s.enabled) }],
});

export async function strategiesView(ctx) {
	known = (await api.get("/strategies/options", { limit: 200 }, ctx.signal)).items;
	return view(ctx);
}
