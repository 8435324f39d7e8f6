// Questions in front of the page, and short notes below it. <dialog> keeps the focus inside and gives it back.

import { button, fill, h, uid } from "./dom.js";

const SHOWN_MS = 6000;
const NOTES_MAX = 3;

// Shows content under a title; what `content` is called with closes the dialog. Ends with what it was closed with.
export function dialog(title, content, { wide = false } = {}) {
	return new Promise((done) => {
		const name = uid("dialog");
		const el = h("dialog", { "aria-labelledby": name, class: wide ? "wide" : null });
		let result = null;
		const close = (value) => {
			result = value;
			el.close();
		};
		const shut = h("button.shut", { type: "button", "aria-label": "Close", onclick: () => close(null) }, "×");
		fill(el, h("header", null, h("h2", { id: name }, title), shut), h("div.notes", { role: "alert" }), h("div.body", null, content(close)));
		el.addEventListener("close", () => {
			el.remove();
			done(result);
		});
		document.body.append(el);
		el.showModal();
		el.querySelector("input, select, textarea, .first")?.focus();
	});
}

export function confirm(title, text, action, danger = true) {
	return dialog(title, (close) => [
		h("p", null, text),
		h("div.actions", null, button("Cancel", () => close(false), "first"),
			button(action, () => close(true), danger ? "danger" : "main")),
	]);
}

// What lies behind a dialog is neither seen nor read out: what went wrong is said in it. What went well closes it.
export function say(text, bad = false) {
	const shut = h("button.shut", { type: "button", "aria-label": "Close this note", onclick: () => note.remove() }, "×");
	const note = h(bad ? "p.bad" : "p", null, h("span", null, text), shut);
	const open = bad && [...document.querySelectorAll("dialog[open] .notes")].pop();
	const place = open || document.getElementById("says");
	place.append(note);
	while (place.children.length > NOTES_MAX)
		place.firstChild.remove();
	setTimeout(() => note.remove(), bad ? SHOWN_MS * 2 : SHOWN_MS);
}

// What went wrong on a page is of no use on the next one; after a log-out no word of before is left.
export function unsay(all = false) {
	document.querySelectorAll(all ? "#says > p" : "#says > p.bad").forEach((note) => note.remove());
}

// A secret that is shown once. What is marked can be copied on a page without TLS, too; a browser that wants it otherwise
// is asked in its other way, and a person sees it marked meanwhile.
export function secret(text) {
	const shown = h("p.secret", null, text);
	const copy = button("Copy", async () => {
		getSelection().selectAllChildren(shown);
		const done = document.execCommand("copy");
		copy.textContent = done ? "Copied" : "It is marked: copy it";
		if (!done && await navigator.clipboard?.writeText(text).then(() => true, () => false))
			copy.textContent = "Copied";
	});
	return h("div.copied", null, shown, copy);
}

// Runs what may fail; its error becomes a note. Ends with whether it went well.
export async function attempt(work, done) {
	try {
		await work();
	} catch (e) {
		if (e.name !== "AbortError")
			say(e.message, true);
		return false;
	}
	if (done)
		say(done);
	return true;
}

// A list of name and value, as details of a thing.
export function facts(pairs) {
	return h("dl.facts", null, pairs.filter(Boolean).map(([name, value]) =>
		h("div", null, h("dt", null, name), h("dd", null, value === "" || value === null ? "–" : value))));
}
