// Each view of the console: its path, its title, where it stands in the menu, and the operation that one must be allowed.

import { accountView } from "./views/account.js";
import { auditView } from "./views/audit.js";
import { bookView, booksView } from "./views/books.js";
import { dashboardView } from "./views/dashboard.js";
import { deviceView } from "./views/device.js";
import { devicesView } from "./views/devices.js";
import { deviceGroupsView, groupsView } from "./views/groups.js";
import { liveView } from "./views/live.js";
import { recordingsView } from "./views/recordings.js";
import { relaysView } from "./views/relays.js";
import { controlRolesView, rulesView } from "./views/rules.js";
import { settingsView } from "./views/settings.js";
import { strategiesView } from "./views/strategies.js";
import { tokensView } from "./views/tokens.js";
import { usersView } from "./views/users.js";

export const routes = [
	{ path: "/", title: "Dashboard", menu: "Overview", needs: "figures", view: dashboardView },
	{ path: "/devices", title: "Devices", menu: "Overview", needs: "listDevices", view: devicesView },
	{ path: "/devices/{guid}", title: "Device", needs: "getDevice", view: deviceView },
	{ path: "/live", title: "Live sessions", menu: "Overview", needs: "listLiveSessions", view: liveView },
	{ path: "/books", title: "Address books", menu: "Overview", needs: "listBooks", view: booksView },
	{ path: "/books/{guid}", title: "Address book", needs: "getBook", view: bookView },
	{ path: "/users", title: "Users", menu: "People", needs: "listUsers", view: usersView },
	{ path: "/groups", title: "Groups", menu: "People", needs: "listGroups", view: groupsView },
	{ path: "/device-groups", title: "Device groups", menu: "People", needs: "listDeviceGroups", view: deviceGroupsView },
	{ path: "/rules", title: "Access rules", menu: "Policy", needs: "listRules", view: rulesView },
	{ path: "/control-roles", title: "Control roles", menu: "Policy", needs: "listControlRoles", view: controlRolesView },
	{ path: "/strategies", title: "Strategies", menu: "Policy", needs: "listStrategies", view: strategiesView },
	{ path: "/audit", title: "Audit", menu: "Record", needs: "listAudit", view: auditView },
	{ path: "/recordings", title: "Recordings", menu: "Record", needs: "listRecordings", view: recordingsView },
	{ path: "/relays", title: "Relays", menu: "Server", needs: "listRelays", view: relaysView },
	{ path: "/tokens", title: "Tokens", menu: "Server", needs: "listTokens", view: tokensView },
	{ path: "/settings", title: "Settings", menu: "Server", needs: "settings", view: settingsView },
	{ path: "/account", title: "Your account", needs: "me", view: accountView },
];
