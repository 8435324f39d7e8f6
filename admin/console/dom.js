// Elements out of calls. Text goes in as text nodes alone: nothing here, and nothing in the console, parses HTML.

const SVG = "http://www.w3.org/2000/svg";
let serial = 0;

// A name for an element that a label or a description points at.
export function uid(word) {
	serial += 1;
	return `${word}-${serial}`;
}

function append(el, children) {
	for (const child of children.flat(Infinity)) {
		if (child === null || child === undefined || child === false)
			continue;
		el.append(child instanceof Node ? child : String(child));
	}
	return el;
}

// Attributes by name; "on…" takes a function and is a listener, true is an attribute without a value.
function give(el, attributes) {
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (value === null || value === undefined || value === false)
			continue;
		if (typeof value === "function")
			el.addEventListener(name.slice(2), value);
		else if (name === "value")
			el.value = value;
		else
			el.setAttribute(name, value === true ? "" : String(value));
	}
	return el;
}

export function h(tag, attributes, ...children) {
	const [name, ...classes] = tag.split(".");
	const el = document.createElement(name);
	if (classes.length)
		el.className = classes.join(" ");
	// A select takes its value only once its options are there.
	append(el, children);
	return give(el, attributes);
}

export function svg(tag, attributes, ...children) {
	return append(give(document.createElementNS(SVG, tag), attributes), children);
}

export function fill(el, ...children) {
	el.replaceChildren();
	return append(el, children);
}

// A link's address may come from data only through this: anything but the console's own views is refused.
export function viewLink(path, ...children) {
	return h("a", { href: `#${path.startsWith("/") ? path : "/"}` }, ...children);
}

export function button(text, onclick, kind = "") {
	return h("button", { type: "button", class: kind || null, onclick }, text);
}
