// One's own account: name, password, one-time codes, sessions, and how the console looks.

import { api, may, session } from "../api.js";
import { button, fill, h } from "../dom.js";
import { attempt, confirm, dialog, say, secret } from "../dialog.js";
import { Form } from "../form.js";
import { since, words } from "../format.js";
import { Table } from "../table.js";
import { qr } from "../qr.js";

const PICTURE_SIDE = 96;
const CODE = { key: "code", label: "Code of the authenticator", required: true, min: 4, max: 32, autocomplete: "one-time-code" };

function codesDialog(codes) {
	return dialog("Recovery codes", (close) => [
		h("p", null, "Each works once, when the telephone is lost. Keep them away from it; they are not shown again."),
		h("ul.secret", null, codes.map((c) => h("li", null, c))), h("div.actions", null, button("I have them", () => close(true), "main"))]);
}

async function startTotp(again) {
	const start = await api.post("/me/totp");
	const codes = await dialog("One-time codes", (close) => [h("p", null, "Let the authenticator read this picture, or type the secret in."),
		qr(start.uri), secret(start.secret),
		new Form({ fields: [CODE], submit: "Turn on", send: async (values) => close((await api.post("/me/totp/confirm", values)).codes) }).el]);
	if (codes) {
		await codesDialog(codes);
		again();
	}
}

function askCode(title, send) {
	return dialog(title, (close) => new Form({ fields: [CODE], submit: title, send: async (values) => close(await send(values) ?? true) }).el);
}

function totp(account, again) {
	if (!account.totp)
		return [h("p", null, "Off. A password alone lets in whoever has it."), button("Turn on", () => attempt(() => startTotp(again)), "main")];
	return [h("p", null, `On; ${account.recovery_codes_left} recovery codes are left.`),
		h("div.actions", null, button("New recovery codes", async () => {
			const made = await askCode("New recovery codes", (values) => api.post("/me/recovery-codes", values));
			if (made)
				codesDialog(made.codes).then(again);
		}), button("Turn off", async () => (await askCode("Turn off", (values) => api.del("/me/totp", values))) && again(), "danger"))];
}

function password(again) {
	return new Form({ submit: "Change the password", fields: [
		{ key: "old", label: "Password now", kind: "password", required: true, max: 1024, autocomplete: "current-password" },
		{ key: "new", label: "New password", kind: "password", required: true, min: 12, max: 1024, autocomplete: "new-password",
			help: "At least 12 characters." },
	], send: async (values) => {
		await api.post("/me/password", values);
		say("Changed. All other sessions have ended.");
		again();
	} }).el;
}

// Drawn anew in the browser, so that the server gets a small picture whatever the file was.
async function shrink(file) {
	const bitmap = await createImageBitmap(file);
	const side = Math.min(bitmap.width, bitmap.height), canvas = document.createElement("canvas");
	canvas.width = canvas.height = PICTURE_SIDE;
	canvas.getContext("2d").drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, PICTURE_SIDE, PICTURE_SIDE);
	return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function picture(account, again) {
	const file = h("input", { type: "file", accept: "image/*", id: "picture", onchange: () => file.files[0] && attempt(async () => {
		await api.put("/me/avatar", await shrink(file.files[0]), { type: "image/png" });
		again();
	}) });
	return [account.avatar && h("img", { src: account.avatar, alt: "Your picture", width: PICTURE_SIDE, height: PICTURE_SIDE }),
		h("div.field", null, h("label", { for: "picture" }, "A file with a picture"), file),
		account.avatar && button("Take it away", () => attempt(() => api.del("/me/avatar").then(again)), "plain")];
}

function sessions(ctx) {
	let table = null;
	const end = async (s) => (await confirm("End this session?", "It must log in again.", "End it"))
		&& await attempt(() => api.del(`/me/sessions/${s.guid}`), "Ended.") && table.reload();
	table = new Table({ ...ctx, keep: () => {} }, { title: "Sessions",
		columns: [{ title: "On", cell: (s) => s.device_name || s.device_id || words(s.kind) }, { title: "Kind", cell: (s) => words(s.kind) },
			{ title: "Address", key: "address" }, { title: "Used", cell: (s) => since(s.last_used_at) },
			{ title: "Do", cell: (s) => (s.current ? "This one" : button("End", () => end(s), "danger")) }],
		load: (query, signal) => api.get("/me/sessions", query, signal) });
	return table.el;
}

function look() {
	const pick = h("select", { id: "theme", value: localStorage.getItem("theme") ?? "", onchange: () => {
		localStorage.setItem("theme", pick.value);
		if (pick.value)
			document.documentElement.dataset.theme = pick.value;
		else
			delete document.documentElement.dataset.theme;
	} }, [["", "As the system"], ["light", "Light"], ["dark", "Dark"]].map(([v, t]) => h("option", { value: v }, t)));
	return h("div.field", null, h("label", { for: "theme" }, "Colours"), pick);
}

// Of all others an administrator keeps the address.
const keepsMail = (me) => me.role === "owner" || me.role === "admin";

export async function accountView(ctx) {
	const box = h("div.stack");
	const draw = async () => {
		const me = await api.get("/me", {}, ctx.signal);
		const held = ({ must_change_password: a, must_set_totp: b }) => a || b;
		const freed = held(session().account) && !held(me);
		session().account = me;
		if (freed) // the menu is there again
			return ctx.show();
		const local = me.source === "local";
		fill(box, h("h1", null, me.display_name || me.name), h("p.quiet", null, `${me.name}, ${words(me.role)}`),
			me.must_change_password && h("p.bad", { role: "alert" }, "Please change your password."),
			me.must_set_totp && h("p.bad", { role: "alert" }, "This server asks for one-time codes: please turn them on."),
			h("section.card", null, h("h2", null, "Account"), new Form({ value: me, changes: true, fields: [
				{ key: "display_name", label: "Shown as", max: 128 },
				...(keepsMail(me) ? [{ key: "email", label: "Mail", kind: "email", max: 254 }] : [])],
			send: async (values) => {
				if (Object.keys(values).length)
					await api.patch("/me", values);
				say("Saved.");
			} }).el),
			h("section.card", null, h("h2", null, "Picture"), picture(me, again)),
			local && h("section.card", null, h("h2", null, "Password"), password(again)),
			h("section.card", null, h("h2", null, "One-time codes"), totp(me, again)),
			h("section.card", null, h("h2", null, "Look"), look()),
			may("listMySessions") && h("section", null, h("h2", null, "Your sessions"), sessions(ctx)));
	};
	const again = () => attempt(draw);
	await draw();
	return box;
}
