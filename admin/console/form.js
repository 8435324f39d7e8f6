// Forms out of short descriptions: {key, label, kind, …}. Kinds: text, password, email, number, check, choice, lines,
// long, date, days, pick (a thing of the server, found by its name), and any object with el/get/set of its own.

import { ApiError, api } from "./api.js";
import { button, fill, h, uid } from "./dom.js";

const FOUND = 20;
const TYPING_MS = 200;
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function input(field, id, type) {
	const el = h("input", { id, type, required: field.required, maxlength: field.max, minlength: field.min,
		autocomplete: field.autocomplete ?? "off", pattern: field.pattern, inputmode: field.inputmode,
		placeholder: field.placeholder });
	return { el, get: () => el.value, set: (v) => (el.value = v ?? "") };
}

// A password that is being chosen is typed once, and can be looked at.
function chosen(f, id) {
	const it = input(f, id, "password");
	const look = button("Show", () => {
		const shown = it.el.type === "text";
		it.el.type = shown ? "password" : "text";
		fill(look, shown ? "Show" : "Hide");
	}, "plain");
	look.setAttribute("aria-controls", id);
	return { ...it, el: h("span.chosen", null, it.el, look) };
}

const kinds = {
	text: (f, id) => input(f, id, "text"),
	email: (f, id) => input(f, id, "email"),
	password: (f, id) => (f.autocomplete === "new-password" ? chosen(f, id) : input(f, id, "password")),
	number(f, id) {
		const el = h("input", { id, type: "number", required: true, min: f.min ?? 0, max: f.max, step: 1 });
		return { el, get: () => Number(el.value), set: (v) => (el.value = v ?? f.min ?? 0) };
	},
	check(f, id) {
		const el = h("input", { id, type: "checkbox" });
		return { el, get: () => el.checked, set: (v) => (el.checked = Boolean(v)) };
	},
	choice(f, id) {
		const el = h("select", { id, required: f.required }, f.options.map(([v, text]) => h("option", { value: v }, text)));
		return { el, get: () => el.value, set: (v) => (el.value = v ?? f.options[0][0]) };
	},
	long(f, id) {
		const el = h("textarea", { id, rows: f.rows ?? 3, maxlength: f.max ?? 1024 });
		return { el, get: () => el.value, set: (v) => (el.value = v ?? "") };
	},
	// One a line, or with commas between.
	lines(f, id) {
		const el = h("textarea", { id, rows: f.rows ?? 2 });
		return { el, get: () => [...new Set(el.value.split(/[\n,]/).map((s) => s.trim()).filter(Boolean))],
			set: (v) => (el.value = (v ?? []).join("\n")) };
	},
	// 0 is never; a date means the end of that day here.
	date(f, id) {
		const el = h("input", { id, type: "date" });
		return { el, get: () => (el.value ? new Date(`${el.value}T23:59:59`).getTime() : 0), set: (v) => {
			const d = new Date(v - new Date(v).getTimezoneOffset() * 60000);
			el.value = v ? d.toISOString().slice(0, 10) : "";
		} };
	},
	days(f, id) {
		const boxes = DAYS.map(() => h("input", { type: "checkbox" }));
		const el = h("div.days", { id, role: "group" }, DAYS.map((d, i) => h("label", null, boxes[i], d)));
		return { el, get: () => boxes.flatMap((b, i) => (b.checked ? [i] : [])),
			set: (v) => boxes.forEach((b, i) => (b.checked = (v ?? []).includes(i))) };
	},
	pick,
};

// What names a thing among others: of devices the id, since many have no name, and some the same.
function naming(row) {
	return "hostname" in row ? row.id : row.name;
}

// A guid by a name. f.from is a path that lists; what is typed must be the name of one of them.
function pick(f, id, form) {
	const list = h("datalist", { id: uid("list") });
	const known = new Map();
	const el = h("input", { id, type: "text", list: list.id, required: f.required, autocomplete: "off", maxlength: 128,
		placeholder: "Choose, or type a name" });
	let timer = 0, asked = 0;
	const look = async () => {
		const mine = ++asked;
		const page = await api.get(f.from(form), { ...f.query, q: known.has(el.value) ? "" : el.value, limit: FOUND }).catch(() => null);
		if (!page || mine !== asked)
			return;
		page.items.forEach((row) => known.set(naming(row), row.guid));
		fill(list, page.items.map((row) => h("option", { value: naming(row), label: "hostname" in row ? row.name || row.hostname : null })));
		judge();
	};
	const judge = () => el.setCustomValidity(el.value && !known.has(el.value) ? "There is none of that name." : "");
	el.addEventListener("focus", look);
	el.addEventListener("input", () => {
		judge();
		clearTimeout(timer);
		timer = setTimeout(look, TYPING_MS);
	});
	return { el: h("span", null, el, list), get: () => known.get(el.value) ?? null, set: (v, whole) => {
		const it = whole?.[f.key.replace(/_guid$/, "")] ?? (v && v === f.start ? f.started : null);
		if (v && it)
			known.set(it.name, v);
		el.value = v ? it?.name ?? "" : "";
	} };
}

export class Form {
	// send(values) gets all values, or with `changes` those alone that differ from `value`.
	constructor({ fields, value = {}, submit = "Save", send, changes = false, cancel = null }) {
		this.fields = fields.filter(Boolean).map((f) => this.field(f, value));
		this.send = send;
		this.changes = changes;
		this.problem = h("p.bad", { role: "alert", hidden: true });
		this.button = h("button.main", { type: "submit" }, submit);
		this.el = h("form.fields", { onsubmit: (e) => this.submit(e), novalidate: false },
			this.fields.map((f) => f.row), this.problem,
			h("div.actions", null, cancel && button("Cancel", cancel), this.button));
		this.before = this.values();
		this.el.addEventListener("change", () => this.hide());
		this.hide();
	}

	// A field with `when` is there only while the box of that name is checked.
	hide() {
		this.fields.filter((f) => f.spec.when).forEach((f) => (f.row.hidden = !this.value(f.spec.when)));
	}

	field(spec, value) {
		const id = uid("field");
		const control = (kinds[spec.kind ?? "text"] ?? spec.kind)(spec, id, this);
		control.set(value[spec.key] ?? spec.start, value);
		const help = spec.help && h("small", { id: `${id}-help` }, spec.help);
		const target = control.el.matches("input,select,textarea") ? control.el : control.el.querySelector("input,select,textarea");
		if (help && target)
			target.setAttribute("aria-describedby", help.id);
		const label = h("label", { for: id }, spec.label, spec.required && h("span.quiet", null, " (needed)"));
		const row = spec.kind === "check" ? h("div.field.check", null, control.el, label, help)
			: h("div.field", null, label, control.el, help);
		return { spec, control, target, row };
	}

	value(key) {
		return this.fields.find((f) => f.spec.key === key).control.get();
	}

	// Whether something stands in it that was not sent.
	touched() {
		return JSON.stringify(this.values()) !== JSON.stringify(this.before);
	}

	values() {
		return Object.fromEntries(this.fields.map((f) => [f.spec.key, f.control.get()]));
	}

	gather() {
		const all = this.values();
		// A secret that was left empty is one that stays.
		const kept = Object.entries(all).filter(([k, v]) => {
			const spec = this.fields.find((f) => f.spec.key === k).spec;
			if (v === "" && (spec.kind === "password" || spec.optional))
				return false;
			return !this.changes || JSON.stringify(v) !== JSON.stringify(this.before[k]);
		});
		return Object.fromEntries(kept);
	}

	async submit(e) {
		e.preventDefault();
		this.problem.hidden = true;
		this.fields.forEach((f) => f.target?.removeAttribute("aria-invalid"));
		this.button.disabled = true;
		try {
			await this.send(this.gather());
		} catch (error) {
			if (!(error instanceof ApiError))
				throw error;
			this.fail(error);
		} finally {
			this.button.disabled = false;
		}
	}

	fail(error) {
		fill(this.problem, error.message);
		this.problem.hidden = false;
		const field = this.fields.find((f) => f.spec.key === error.field);
		field?.target?.setAttribute("aria-invalid", "true");
		(field?.target ?? this.button).focus();
	}
}
