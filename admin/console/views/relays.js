// Relays: whether they answer, what they carry, and draining one before it is taken away.

import { crudView } from "../crud.js";
import { h } from "../dom.js";
import { number, rate, since } from "../format.js";
import { NAME, NOTE, state } from "./parts.js";

export const relaysView = crudView({
	title: "Relays", one: "Relay", names: { add: "addRelay", change: "changeRelay", remove: "removeRelay" },
	path: (guid) => (guid ? `/relays/${guid}` : "/relays"),
	loss: "It goes from this list; whether the ID server still gives it out is in its own settings (relay-servers).",
	fields: () => [NAME, { key: "address", label: "Address", required: true, max: 256, help: "Host and port, as clients reach it." },
		{ key: "control", label: "Control socket", max: 256, help: "One of those in relay-control: its figures are shown here." },
		{ key: "state", label: "State", kind: "choice", options: [["on", "On"], ["drain", "Drain: no new sessions"], ["off", "Off"]] },
		{ key: "weight", label: "Weight", kind: "number", min: 1, max: 1000, start: 100,
			help: "A note: the ID server goes by its own settings." }, NOTE],
	columns: [{ title: "Name", sort: "name", cell: (r) => r.name }, { title: "Address", key: "address" },
		{ title: "State", cell: (r) => state(r.state) },
		{ title: "Answers", cell: (r) => (r.alive ? h("span.good", null, "Yes") : h("span.bad", null, r.problem || "No")) },
		{ title: "Sessions", cell: (r) => number(r.sessions) }, { title: "Traffic", cell: (r) => rate(r.bytes_per_s) },
		{ title: "Weight", cell: (r) => number(r.weight) }, { title: "Asked", cell: (r) => since(r.checked_at) }],
});
