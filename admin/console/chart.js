// Lines over time as SVG. Sizes are attributes, colours come from the style sheet by class, so no inline style is needed.

import { fill, h, svg, uid } from "./dom.js";

const W = 360, H = 120, LEFT = 46, BOTTOM = 18, TOP = 8, RIGHT = 6;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const DAY_MS = 86400000;

// The next of 2, 4, 6, 8, 10, 20, … above a value: its half is a whole number as well.
export function ceiling(value) {
	if (!(value > 2))
		return 2;
	const power = 10 ** Math.floor(Math.log10(value));
	return [2, 4, 6, 8, 10].map((n) => n * power).find((n) => n >= value);
}

// One path; a gap in what was measured is a gap in the line, and a point alone is a dot.
export function linePath(values, top) {
	const step = (W - LEFT - RIGHT) / Math.max(1, values.length - 1);
	let pen = false, path = "";
	values.forEach((v, i) => {
		if (v === null) {
			pen = false;
			return;
		}
		const x = LEFT + i * step, y = TOP + (H - TOP - BOTTOM) * (1 - Math.min(v, top) / top);
		path += `${pen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}${pen || typeof values[i + 1] === "number" ? "" : "h.1"}`;
		pen = true;
	});
	return path;
}

function label(x, y, text, anchor) {
	return svg("text", { x, y, "text-anchor": anchor, class: "axis" }, text);
}

function stamp(ms, wide) {
	return (wide ? day : clock).format(new Date(ms));
}

// A figure with its graph. `series` is what /figures/series answers, `format` turns a value into text.
export function chart(title, series, format, { top: fixed } = {}) {
	const known = series.values.filter((v) => v !== null);
	const top = fixed ?? ceiling(Math.max(0, ...known));
	const end = series.start_at + series.step_s * 1000 * (series.values.length - 1);
	const wide = end - series.start_at > DAY_MS * 1.5;
	const name = uid("chart");
	const latest = known.length ? format(series.values.findLast((v) => v !== null)) : "–";
	const sum = known.length ? `from ${format(Math.min(...known))} to ${format(Math.max(...known))}, now ${latest}`
		: "nothing measured";
	const grid = [0, 0.5, 1].map((part) => {
		const y = TOP + (H - TOP - BOTTOM) * (1 - part);
		return [svg("line", { x1: LEFT, x2: W - RIGHT, y1: y, y2: y, class: "grid" }),
			label(LEFT - 5, y + 3, format(top * part), "end")];
	});
	const drawing = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-labelledby": name, class: "chart" },
		svg("title", { id: name }, `${title}: ${sum}`), grid,
		svg("path", { d: linePath(series.values, top), class: "line" }),
		label(LEFT, H - 4, stamp(series.start_at, wide), "start"),
		label(W - RIGHT, H - 4, stamp(end, wide), "end"));
	return fill(h("figure"), h("figcaption", null, h("span", null, title), h("strong", null, latest)), drawing);
}
