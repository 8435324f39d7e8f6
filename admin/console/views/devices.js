// All devices: found among many by search and filters, changed one by one or many at once.

import { address, api, may } from "../api.js";
import { h } from "../dom.js";
import { since } from "../format.js";
import { Table } from "../table.js";
import { name, online, pickDeviceGroup, pickUser, state, tags } from "./parts.js";

const TAG = { key: "tag", label: "Tag", required: true, max: 64 };
const ACTIONS = [
	{ name: "approve", label: "Approve" }, { name: "enable", label: "Enable" },
	{ name: "group", label: "Set group", fields: [pickDeviceGroup("group_guid", "Device group (empty: none)")] },
	{ name: "owner", label: "Set owner", fields: [pickUser("owner_guid", "Owner (empty: none)")] },
	{ name: "tag_add", label: "Add tag", fields: [TAG] }, { name: "tag_remove", label: "Remove tag", fields: [TAG] },
	{ name: "kick", label: "End sessions", danger: true }, { name: "disable", label: "Disable", danger: true },
	{ name: "delete", label: "Delete", danger: true },
];

const COLUMNS = [
	{ title: "Device", sort: "name", cell: (d) => d.name || d.hostname || d.id },
	{ title: "Id", sort: "id", key: "id" },
	{ title: "State", cell: (d) => [d.status === "active" ? online(d.online) : state(d.status),
		d.order_due && " (not told yet)", d.closed && " (closed)"] },
	{ title: "Owner", cell: (d) => name(d.owner) }, { title: "Group", cell: (d) => name(d.group) },
	{ title: "Tags", cell: (d) => tags(d.tags) }, { title: "System", sort: "os", key: "os" },
	{ title: "Seen", sort: "last_online_at", cell: (d) => (d.online ? "now" : since(d.last_online_at)) },
];

const FILTERS = [
	{ key: "q", label: "Search" },
	{ key: "online", label: "Connection", options: [["true", "Online"], ["false", "Offline"]] },
	{ key: "status", label: "State", options: [["active", "Active"], ["pending", "Waiting for approval"], ["disabled", "Disabled"]] },
	{ key: "group", label: "Group", from: "/device-groups", needs: "listDeviceGroups" },
	{ key: "owner", label: "Owner", from: "/users", needs: "listUsers" }, { key: "tag", label: "Tag" },
	{ key: "unseen_days", label: "Not seen for", options: [["7", "7 days"], ["30", "30 days"], ["90", "90 days"]] },
];

export function devicesView(ctx) {
	const link = h("a", { href: address("/devices/export"), download: "devices.csv" }, "Export as CSV");
	const table = new Table(ctx, { title: "Devices", columns: COLUMNS,
		filters: FILTERS.filter((f) => !f.needs || may(f.needs)), href: (d) => `/devices/${d.guid}`,
		empty: "No device fits.", tools: may("exportDevices") && link,
		bulk: may("changeDevices") && { path: "/devices/bulk", actions: ACTIONS.filter((a) => a.name !== "owner" || may("addRule")), byFilter: true },
		load: (query, signal) => {
			const { cursor, sort, ...filters } = query;
			link.href = address("/devices/export", filters);
			return api.get("/devices", query, signal);
		} });
	return [h("h1", null, "Devices"), table.el];
}
