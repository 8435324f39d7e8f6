// A change of many things: first what it would do, then the doing. The server keeps to the same rules both times.

import { api } from "./api.js";
import { button, fill, h } from "./dom.js";
import { attempt, dialog, say } from "./dialog.js";
import { Form } from "./form.js";
import { number } from "./format.js";

const SHOWN = 100;

function rows(title, items, bad) {
	if (!items.length)
		return null;
	return h("details", { open: bad }, h("summary", null, `${title} (${number(items.length)})`),
		h("ul", null, items.slice(0, SHOWN).map((c) => h("li", null, h("strong", null, c.name), ` ${c.text}`))),
		items.length > SHOWN && h("p.quiet", null, `… and ${number(items.length - SHOWN)} more`));
}

export function outcome(answer) {
	return [h("p", null, answer.count === 1 ? "1 would change." : `${number(answer.count)} would change.`),
		rows("What would change", answer.changes, false), rows("What is refused", answer.refused, true),
		answer.cut && h("p.quiet", null, "The lists hold the first 1,000 only.")];
}

// Ends with whether anything was done. `path` is that of the bulk operation, `which` is guids or a filter.
export async function bulk(path, action, which) {
	let extra = {};
	if (action.fields) {
		extra = await dialog(action.label, (close) => new Form({ fields: action.fields, submit: "Next",
			send: async (values) => close(values) }).el);
		if (!extra)
			return false;
	}
	const body = { action: action.name, ...which, ...extra };
	const done = await dialog(action.label, (close) => {
		const box = h("div", null, h("p.quiet", null, "Asking what it would do…"));
		attempt(async () => {
			const answer = await api.post(path, { ...body, dry_run: true });
			const go = button(`${action.label}: ${number(answer.count)}`, async () => {
				go.disabled = true;
				close(await attempt(async () => {
					const real = await api.post(path, { ...body, dry_run: false });
					say(`Done: ${number(real.count)} changed, ${number(real.refused.length)} refused.`);
				}));
			}, action.danger ? "danger" : "main");
			go.disabled = answer.count === 0;
			fill(box, outcome(answer), h("div.actions", null, button("Cancel", () => close(false)), go));
			go.focus();
		}).then((ok) => ok || close(false));
		return box;
	});
	return done === true;
}
