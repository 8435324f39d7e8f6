// How the server is: figures, graphs, and what is wrong in words. Asked again every few seconds while it is looked at.

import { api } from "../api.js";
import { chart } from "../chart.js";
import { fill, h } from "../dom.js";
import { number, rate, share } from "../format.js";

const EVERY_MS = 5000;
const GRAPHS_EVERY = 12; // of the above
const GRAPHS = [["online", "Devices online", number], ["sessions", "Sessions", number],
	["relay_bytes_per_s", "Relay traffic", rate], ["failures", "Failures a minute", number],
	["direct_share", "Share of direct connections", share, { top: 1 }]];

function card(title, value, href) {
	const parts = [h("span.quiet", null, title), h("strong", null, value)];
	return href ? h("a.card", { href: `#${href}` }, parts) : h("div.card", null, parts);
}

function cards(f) {
	return [card("Devices online", number(f.online), "/devices?online=true"), card("Devices", number(f.devices), "/devices"),
		card("Waiting for approval", number(f.pending), "/devices?status=pending"), card("Live sessions", number(f.sessions), "/live"),
		card("Direct", share(f.direct_share)), card("Relay traffic", rate(f.relay_bytes_per_s), "/relays"),
		card("Failures a minute", number(f.failures_per_min)), card("Alarms today", number(f.alarms_day), "/audit?kind=alarm")];
}

export async function dashboardView(ctx) {
	let span = "hour", turn = 0, told = "[]";
	const figures = h("div.cards"), graphs = h("div.graphs"), problems = h("div");
	const drawFigures = async () => {
		const f = await api.get("/figures", {}, ctx.signal);
		fill(figures, cards(f));
		// Without the ID server all the rest of the console counts for nothing: that stands by itself, and first.
		const said = JSON.stringify(f.problems);
		if (said === told)
			return; // or it would be read out again and again
		told = said;
		const [cut, rest] = [true, false].map((is) => f.problems.filter((p) => p.includes("ID server") === is));
		fill(problems, cut.length > 0 && h("section.card.problems.banner", { role: "alert" }, h("h2", null, "The ID server"),
			cut.map((p) => h("p", null, p))), rest.length > 0 && h("section.card.problems", null, h("h2", null, "To look at"),
			h("ul", null, rest.map((p) => h("li", null, p)))));
	};
	const drawGraphs = async () => {
		const all = await Promise.all(GRAPHS.map(([metric]) => api.get("/figures/series", { metric, span }, ctx.signal)));
		fill(graphs, all.map((s, i) => chart(GRAPHS[i][1], s, GRAPHS[i][2], GRAPHS[i][3])));
	};
	const stale = h("p.bad", { role: "status", hidden: true });
	const again = async () => {
		if (document.hidden)
			return;
		try {
			turn += 1;
			await drawFigures();
			if (turn % GRAPHS_EVERY === 0)
				await drawGraphs();
			stale.hidden = true;
		} catch (e) {
			fill(stale, `These figures are old: ${e.message}`);
			stale.hidden = ctx.signal.aborted;
		}
	};
	const pick = h("select", { "aria-label": "Span of the graphs", onchange: (e) => {
		span = e.target.value;
		drawGraphs().catch((error) => {
			fill(stale, error.message);
			stale.hidden = false;
		});
	} }, [["hour", "The last hours"], ["day", "The last day"], ["week", "The last week"]].map(([v, t]) => h("option", { value: v }, t)));
	await Promise.all([drawFigures(), drawGraphs()]);
	const timer = setInterval(again, EVERY_MS);
	ctx.signal.addEventListener("abort", () => clearInterval(timer));
	return [h("div.head", null, h("h1", null, "Dashboard"), h("div", null, pick)), stale, problems, figures, graphs];
}
