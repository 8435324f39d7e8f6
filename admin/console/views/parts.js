// Pieces that several views share: marks of states, tags, and the fields that name other things.

import { h, svg } from "../dom.js";
import { words } from "../format.js";

const STATES = { active: "good", on: "good", disabled: "bad", off: "bad", pending: "warn", drain: "warn", invited: "warn" };

export function state(name) {
	return h(`span.state.${STATES[name] ?? "quiet"}`, null, words(name));
}

// A word beside the sign: colour alone tells nothing to many people.
export function online(is) {
	return h(is ? "span.state.good" : "span.state.quiet", null, h("span", { "aria-hidden": "true" }, is ? "● " : "○ "), is ? "Online" : "Offline");
}

export function yes(is) {
	return is ? "Yes" : "No";
}

export function tags(list, colours = new Map()) {
	return list.map((t) => h("span.tag", null, /^#[0-9a-f]{6}$/.test(colours.get(t) ?? "")
		&& svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("circle", { cx: 5, cy: 5, r: 5, fill: colours.get(t) })), t));
}

export function name(thing) {
	return thing?.name ?? "";
}

export const NAME = { key: "name", label: "Name", required: true, max: 128 };
export const NOTE = { key: "note", label: "Note", kind: "long", max: 1024 };

export function pickGroup(key = "group_guid", label = "Group", required = true) {
	return { key, label, kind: "pick", from: () => "/groups", required };
}

// For those who may not list users and groups, but share a book with them.
export function pickName(key, kind, label) {
	return { key, label, kind: "pick", from: () => "/directory", query: { kind } };
}

export function pickDeviceGroup(key = "group_guid", label = "Device group", required = false) {
	return { key, label, kind: "pick", from: () => "/device-groups", required };
}

export function pickControlRole(help) {
	return { key: "control_role_guid", label: "Control role", kind: "pick", from: () => "/control-roles", help };
}

export function pickUser(key = "owner_guid", label = "Owner", required = false) {
	return { key, label, kind: "pick", from: () => "/users", required };
}
