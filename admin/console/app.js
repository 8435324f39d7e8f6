// The shell: who is logged in, the menu, and the router from the part of the address behind # to a view.

import { api, may, session, setSession, whenLoggedOut } from "./api.js";
import { attempt, unsay } from "./dialog.js";
import { button, fill, h } from "./dom.js";
import { routes } from "./routes.js";
import { loginView, passwordView, setUpView } from "./views/login.js";

const main = document.getElementById("main");
const top_ = document.getElementById("top");
const nav = document.getElementById("nav");
let leave = null;

function where() {
	const [path, query] = (location.hash.slice(1) || "/").split("?");
	return { path, query: new URLSearchParams(query) };
}

function match(path) {
	for (const route of routes) {
		const names = [];
		const pattern = route.path.replace(/\{(\w+)\}/g, (_, name) => names.push(name) && "([^/]+)");
		const found = new RegExp(`^${pattern}$`).exec(path);
		if (found)
			return { route, params: Object.fromEntries(names.map((n, i) => [n, decode(found[i + 1])])) };
	}
	return null;
}

function decode(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		return "";
	}
}

// An account that must first see to itself is led nowhere else.
function drawMenu(path) {
	const shown = held(session().account) ? [] : routes.filter((r) => r.menu && may(r.needs));
	nav.hidden = !shown.length;
	const groups = [...new Set(shown.map((r) => r.menu))];
	fill(nav, groups.map((group) => h("ul", { "aria-label": group }, shown.filter((r) => r.menu === group)
		.map((r) => h("li", null, h("a", { href: `#${r.path}`,
			"aria-current": path === r.path || (r.path !== "/" && path.startsWith(`${r.path}/`)) ? "page" : null }, r.title))))));
}

function drawTop() {
	const { account, server } = session();
	const menu = button("Menu", () => {
		const open = document.body.classList.toggle("menu");
		menu.setAttribute("aria-expanded", String(open));
	});
	menu.id = "menu";
	menu.setAttribute("aria-controls", "nav");
	menu.setAttribute("aria-expanded", "false");
	fill(top_, menu, h("a.brand", { href: "#/" }, "hawser"), h("span.quiet.name", null, server.name), h("span.space"),
		h("a.me", { href: "#/account" }, account.display_name || account.name), button("Log out", logOut));
}

async function logOut() {
	if (await attempt(() => api.post("/logout"))) {
		setSession(null);
		unsay(true);
		show();
	}
}

function frame(logged) {
	document.body.classList.toggle("alone", !logged);
	document.body.classList.remove("menu");
	top_.hidden = !logged;
	nav.hidden = !logged;
}

// The view of what the address says; a view that is left has its requests and timers ended by its signal.
async function show() {
	leave?.abort();
	leave = new AbortController();
	const { signal } = leave;
	document.querySelectorAll("dialog[open]").forEach((d) => d.close());
	const { path, query } = where();
	frame(Boolean(session()));
	if (!session())
		return put("Log in", path === "/setup" ? setUpView(query.get("token") ?? "", entered)
			: path === "/password" ? passwordView(query.get("token") ?? "") : loginView(entered));
	drawMenu(path);
	drawTop();
	const found = match(held(session().account) ? "/account" : path === "/" && !may("figures") ? "/devices" : path);
	if (!found || !may(found.route.needs))
		return put("Nothing here", [h("h1", null, "Nothing here"), h("p", null, "There is no such page, or your role does not see it.")]);
	const ctx = { signal, params: found.params, query, keep, show };
	try {
		const content = await found.route.view(ctx);
		if (!signal.aborted)
			put(found.route.title, content);
	} catch (e) {
		if (!signal.aborted && session())
			put(found.route.title, [h("h1", null, found.route.title), h("p.bad", { role: "alert" }, e.message),
				button("Try again", show)]);
	}
}

// Until this is done the server answers to nothing else.
function held(account) {
	return account.must_change_password || account.must_set_totp;
}

function put(title, content) {
	document.title = `${title} – hawser`;
	fill(main, content);
	main.dataset.at = location.hash;
	const first = main.querySelector("[data-first]") ?? main;
	first.focus({ preventScroll: true });
	scrollTo(0, 0);
}

// Filters change the address without a new entry in the history and without a new view.
function keep(query) {
	const { path } = where();
	history.replaceState(null, "", `#${path}${query ? `?${query}` : ""}`);
}

function entered(given) {
	setSession(given);
	unsay(true);
	if (where().path === "/setup")
		history.replaceState(null, "", "#/");
	show();
}

// "/" goes to the search field, as long as nothing is being typed.
function keys(e) {
	if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || e.target.matches("input, select, textarea")
		|| document.querySelector("dialog[open]"))
		return;
	const search = main.querySelector("[data-search]");
	if (search) {
		e.preventDefault();
		search.focus();
	}
}

async function start() {
	const theme = localStorage.getItem("theme");
	if (theme === "light" || theme === "dark")
		document.documentElement.dataset.theme = theme;
	whenLoggedOut(() => {
		unsay(true);
		show();
	});
	addEventListener("hashchange", () => {
		unsay();
		show();
	});
	addEventListener("keydown", keys);
	// What stands behind # is a view here: past the menu one goes without it.
	document.querySelector("a.skip").addEventListener("click", (e) => {
		e.preventDefault();
		main.focus();
	});
	try {
		setSession(await api.get("/session"));
	} catch (e) {
		if (e.status !== 401)
			return put("Away", [h("h1", null, "hawser"), h("p.bad", { role: "alert" }, e.message),
				button("Try again", () => location.reload())]);
	}
	show();
}

start();
