// The way in: name and password, the second factor, providers, and the first owner by the one-time link.

import { api } from "../api.js";
import { button, fill, h } from "../dom.js";
import { attempt } from "../dialog.js";
import { Form } from "../form.js";

const PASSWORD_MIN = 12;

function second(box, answer, entered) {
	const kinds = answer.kinds.map((k) => [k, { totp: "Code of the authenticator", recovery: "Recovery code", email: "Code of the mail" }[k] ?? k]);
	const form = new Form({ submit: "Go on", fields: [
		{ key: "kind", label: "How", kind: "choice", options: kinds },
		{ key: "code", label: "Code", required: true, max: 32, min: 4, autocomplete: "one-time-code" },
	], send: async (values) => finish(box, await api.post("/login/second", { challenge: answer.challenge, ...values }), entered) });
	fill(box, h("p", null, "One more step."), form.el, button("Start again", () => first(box, entered), "plain"));
	form.el.querySelector("input").focus();
}

function finish(box, answer, entered) {
	if (answer.state === "done")
		entered(answer.session);
	else
		second(box, answer, entered);
}

function first(box, entered) {
	const form = new Form({ submit: "Log in", fields: [
		{ key: "name", label: "Name", required: true, max: 128, autocomplete: "username" },
		{ key: "password", label: "Password", kind: "password", required: true, max: 1024, autocomplete: "current-password" },
	], send: async (values) => finish(box, await api.post("/login", values), entered) });
	form.el.querySelector("input").dataset.first = "";
	const others = h("div"), nobody = h("div");
	fill(box, nobody, form.el, others);
	api.get("/setup").then(({ needed }) => needed && fill(nobody, h("p.problems", { role: "status" },
		"Nobody can log in yet: there is no owner. On the server, ", h("code", null, "hawser-admin user setup-link"),
		" prints the link that makes one."))).catch(() => {
		// an API server of before does not say so
	});
	api.get("/login/providers").then(({ items }) => fill(others, items.map((p) =>
		button(`Log in with ${p.title || p.name}`, () => attempt(() => provider(p)))))).catch(() => {
		// a list that does not come leaves the password
	});
}

// The one address outside of this origin that the console goes to; it comes from the server's own settings.
async function provider(p) {
	const { url } = await api.post("/login/oidc", { provider: p.name });
	if (new URL(url).protocol !== "https:")
		throw new Error("The provider's address is not https.");
	location.assign(url);
}

export function loginView(entered) {
	const box = h("div");
	first(box, entered);
	return h("section.card", null, h("h1", null, "hawser"), box);
}

// By a one-time link: of an invitation, or of a password that was forgotten.
export function passwordView(token) {
	const form = new Form({ submit: "Choose it", fields: [
		{ key: "password", label: "Password", kind: "password", required: true, min: PASSWORD_MIN, max: 1024,
			autocomplete: "new-password", help: `At least ${PASSWORD_MIN} characters. A sentence is best.` },
	], send: async (values) => {
		await api.post("/login/password", { token, ...values });
		location.hash = "#/";
	} });
	return h("section.card", null, h("h1", null, "Your password"),
		h("p", null, "This link works once. Log in with the password afterwards."), form.el);
}

export function setUpView(token, entered) {
	const form = new Form({ submit: "Make the owner", fields: [
		{ key: "name", label: "Name", required: true, max: 128, autocomplete: "username" },
		{ key: "email", label: "Mail", kind: "email", max: 254, optional: true },
		{ key: "password", label: "Password", kind: "password", required: true, min: PASSWORD_MIN, max: 1024,
			autocomplete: "new-password", help: `At least ${PASSWORD_MIN} characters. A sentence is best.` },
	], send: async (values) => entered(await api.post("/setup", { token, ...values })) });
	// a link that is void is told before anything is typed
	api.post("/setup/check", { token }).catch((error) => (error.status === 403 || error.status === 400) && form.fail(error));
	return h("section.card", null, h("h1", null, "The first owner"),
		h("p", null, "This link works once. The account made here may do all."), form.el);
}
