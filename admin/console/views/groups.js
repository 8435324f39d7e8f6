// Groups of users and of devices.

import { crudView } from "../crud.js";
import { number } from "../format.js";
import { NAME, NOTE, yes } from "./parts.js";

export const groupsView = crudView({
	title: "Groups", one: "Group", names: { add: "addGroup", change: "changeGroup", remove: "removeGroup" },
	intro: "Each user is in one group. Rules and shared address books may name a group.",
	path: (guid) => (guid ? `/groups/${guid}` : "/groups"),
	fields: () => [NAME, { key: "intra_access", label: "Members reach each other's devices", kind: "check" }, NOTE],
	columns: [{ title: "Name", sort: "name", cell: (g) => g.name }, { title: "Members", cell: (g) => number(g.members) },
		{ title: "Reach each other", cell: (g) => yes(g.intra_access) }, { title: "Note", key: "note" }],
});

export const deviceGroupsView = crudView({
	title: "Device groups", one: "Device group", names: { add: "addDeviceGroup", change: "changeDeviceGroup", remove: "removeDeviceGroup" },
	intro: "Each device is in at most one group.", loss: "Its devices stay, without a group.",
	path: (guid) => (guid ? `/device-groups/${guid}` : "/device-groups"), fields: () => [NAME, NOTE],
	columns: [{ title: "Name", sort: "name", cell: (g) => g.name }, { title: "Devices", cell: (g) => number(g.devices) },
		{ title: "Note", key: "note" }],
});
