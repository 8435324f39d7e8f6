// Figures and times as people read them, in the browser's own language.

const count = new Intl.NumberFormat();
const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const ago = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const STEPS = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [2592000, "day", 86400],
	[31536000, "month", 2592000], [Infinity, "year", 31536000]];

export function number(n) {
	return count.format(n);
}

export function bytes(n) {
	let unit = 0;
	while (n >= 1000 && unit < UNITS.length - 1) {
		n /= 1000;
		unit += 1;
	}
	return `${n < 10 && unit ? n.toFixed(1) : Math.round(n)} ${UNITS[unit]}`;
}

export function rate(n) {
	return `${bytes(n)}/s`;
}

export function share(n) {
	return n === null ? "–" : `${Math.round(n * 100)} %`;
}

export function time(ms) {
	return ms ? when.format(new Date(ms)) : "never";
}

// Two events of one minute are in an order.
export function timeExact(ms) {
	return ms ? exact.format(new Date(ms)) : "never";
}

export function since(ms, now = Date.now()) {
	if (!ms)
		return "never";
	const seconds = (ms - now) / 1000;
	const [, unit, size] = STEPS.find(([limit]) => Math.abs(seconds) < limit);
	return ago.format(Math.round(seconds / size), unit);
}

export function span(seconds) {
	const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
	return parts.map((n, i) => (i ? String(n).padStart(2, "0") : n)).join(":");
}

// "remote_control", "read-only" and "book.share.add" as words.
export function words(name) {
	const text = String(name).replace(/[_.-]/g, " ");
	return text.charAt(0).toUpperCase() + text.slice(1);
}
