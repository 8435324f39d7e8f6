/* The option table of hawser-host and what a single option cannot say: which values go
 * together. */
#include "client/host/settings.h"
#include "client/host/state_file.h"
#include "client/host/viewer_keys.h"
#include "client/reach/server_list.h"
#include "client/services/tunnel/targets.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/daemon/daemon.h"
#include "shared/wire/permission.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT(field) offsetof(struct hws_settings, field)
#define R HWS_OPT_RELOAD
#define NAME "hawser-host"
#define RELAY_PORT 21117
/* As deployed hosts listen at. */
#define DIRECT_PORT 21118
#define DIRECT_PORT_TEXT "21118"
#define BOOL(text_name, field, text)                                                               \
	{                                                                                          \
		"permissions", text_name, 0, HWS_OPT_BOOL, AT(field), "yes", 0, 0, NULL, R, NULL,  \
				text, NULL                                                         \
	}
static const struct hws_option table[] = {
	{ "", "config", 'c', HWS_OPT_PATH, AT(config), "", 0, 0, NULL, HWS_OPT_FLAG_ONLY, "FILE",
			"Read this configuration file instead of the usual one.", NULL },
	{ "", "role", 0, HWS_OPT_ENUM, AT(role), "desktop", 0, 0,
			"desktop|files|terminal|tunnel|camera", HWS_OPT_FLAG_ONLY | HWS_OPT_HIDDEN,
			"ROLE", "What an agent is for.", NULL },
	{ "", "state-dir", 0, HWS_OPT_PATH, AT(state_dir), "", 0, 0, NULL, 0, "DIR",
			"Keep ID, key and passwords in this folder.", NULL },
	{ "", "control-socket", 0, HWS_OPT_PATH, AT(control_socket), "", 0, 0, NULL, 0, "PATH",
			"Listen here for 'hawser-host id', 'status', 'chat' and the like.", NULL },
	{ "", "log-level", 0, HWS_OPT_ENUM, AT(log_level), "info", 0, 0,
			"error|warn|info|debug|trace", R, "LEVEL", "How much to tell.", NULL },
	{ "", "log-format", 0, HWS_OPT_ENUM, AT(log_format), "text", 0, 0, "text|json|journal", 0,
			"FORMAT", "How to write the log.", NULL },
	{ "network", "server", 's', HWS_OPT_STR, AT(server), "", 0, 0, NULL, 0, "HOST[:PORT],...",
			"Register with this rendezvous server, or with each of up to eight; a ws:// or "
			"wss:// URL reaches one by a WebSocket; ?key=KEY behind one is its key. Without "
			"any the host serves direct connections only.",
			"custom-rendezvous-server" },
	{ "network", "key", 'k', HWS_OPT_STR, AT(key), "", 0, 0, NULL, 0, "KEY,...",
			"The server's public key (base64); of several servers one that is the same for "
			"all, or one for each, in their order, - for none.",
			NULL },
	{ "network", "relay", 0, HWS_OPT_STR, AT(relay), "", 0, 0, NULL, 0, "HOST[:PORT]",
			"Ask viewers to meet at this relay.", "relay-server" },
	{ "network", "resolve-every", 0, HWS_OPT_DURATION, AT(resolve_every_us), "5m", HWS_US_PER_S,
			24 * 3600 * HWS_US_PER_S, NULL, 0, "TIME",
			"While registered by UDP, look so often whether the server has moved.",
			NULL },
	{ "network", "require-server-proof", 0, HWS_OPT_ENUM, AT(require_server_proof), "auto", 0,
			0, "auto|yes|no", 0, "WHEN",
			"Obey only what the server proves with its key to have said; auto: once it has "
			"proven itself, which deployed servers never do.",
			NULL },
	{ "network", "only-known-relays", 0, HWS_OPT_BOOL, AT(only_known_relays), "no", 0, 0, NULL,
			0, NULL,
			"Go to no relay but 'relay', the server's own machine, and those that the "
			"server names with a proof.",
			NULL },
	{ "network", "disable-udp", 0, HWS_OPT_BOOL, AT(disable_udp), "no", 0, 0, NULL, 0, NULL,
			"Register by TCP at once, instead of when UDP gets no answer, and meet viewers "
			"by TCP only.",
			NULL },
	{ "network", "allow-websocket", 0, HWS_OPT_BOOL, AT(allow_websocket), "no", 0, 0, NULL, 0,
			NULL,
			"Reach rendezvous server and relay by WebSockets: at an address by its port "
			"and two, at a name by /ws/id and /ws/relay of its web server.",
			NULL },
	{ "network", "proxy-url", 0, HWS_OPT_STR, AT(proxy_url), "", 0, 0, NULL, 0, "URL",
			"Reach rendezvous server and relay through this proxy: socks5://, http:// or "
			"https://HOST[:PORT].",
			NULL },
	{ "network", "proxy-username", 0, HWS_OPT_STR, AT(proxy_user), "", 0, 0, NULL, 0, "NAME",
			"Name at the proxy.", NULL },
	{ "network", "proxy-password", 0, HWS_OPT_STR, AT(proxy_password_secret), "", 0, 0, NULL,
			HWS_OPT_SECRET, "TEXT", "Password at the proxy.", NULL },
	{ "network", "direct-server", 0, HWS_OPT_ENUM, AT(direct_server), "auto", 0, 0,
			"auto|yes|no", 0, "WHEN",
			"Accept direct connections by address; auto: only when no server, or a port other than 21118, is set.",
			NULL },
	{ "network", "direct-port", 0, HWS_OPT_U16, AT(direct_port), DIRECT_PORT_TEXT, 0, 65535,
			NULL, 0, "N", "The TCP port for direct connections; 0: any free one.",
			"direct-access-port" },
	{ "network", "direct-bind", 0, HWS_OPT_STR, AT(direct_bind), "", 0, 0, NULL, 0, "ADDRESS",
			"Accept direct connections at this address only.", NULL },
	{ "network", "lan-port", 0, HWS_OPT_U16, AT(lan_port), "21119", 0, 65535, NULL, 0, "N",
			"Answer who looks for hosts in the local network at this UDP port, with ID and name of this machine; 0: do not.",
			NULL },
	{ "network", "map-ports", 0, HWS_OPT_BOOL, AT(map_ports), "no", 0, 0, NULL, 0, NULL,
			"Ask the router (PCP, NAT-PMP or UPnP) to pass ports on to this host, so that viewers come directly where the networks of both sides forbid it.",
			NULL },
	{ "network", "api-server", 0, HWS_OPT_STR, AT(api_server), "", 0, 0, NULL, 0, "URL",
			"Tell this API server, as https://desk.example.org, that this host is there, what machine it is and which sessions it has; the server may end sessions. Empty: nothing is told.",
			NULL },
	{ "network", "strategies", 0, HWS_OPT_ENUM, AT(strategies), "narrow", 0, 0, "off|narrow|on",
			R, "WHAT",
			"What 'api-server' may set here, if the ID server has signed it: nothing; what takes something away from viewers; or all that docs/operate-host.md lists.",
			NULL },
	{ "desktop", "display", 'd', HWS_OPT_STR, AT(display), "", 0, 0, NULL, 0, ":N",
			"Serve this X display; default: $DISPLAY.", NULL },
	{ "desktop", "backend", 0, HWS_OPT_STR, AT(backend), "", 0, 0, NULL, 0, "NAME",
			"How to reach the desktop: x11 or headless; default: x11.", NULL },
	{ "desktop", "notify", 0, HWS_OPT_BOOL, AT(notify), "yes", 0, 0, NULL, 0, NULL,
			"Show on the desktop who is connected.", NULL },
	{ "desktop", "exact-text", 0, HWS_OPT_BOOL, AT(exact_text), "yes", 0, 0, NULL, R, NULL,
			"Send small changes of the picture exactly, to viewers of hawser.", NULL },
	{ "desktop", "hardware-codecs", 0, HWS_OPT_STR, AT(hardware_codecs), "auto", 0, 0, NULL, 0,
			"auto|off|DEVICE",
			"Code pictures by a graphics card where that is faster; DEVICE: by that one, /dev/dri/renderD128.",
			NULL },
	{ "desktop", "desktop-user", 0, HWS_OPT_STR, AT(desktop_user), "", 0, 0, NULL, 0, "USER",
			"When started as root: the account whose desktop is served.", NULL },
	{ "desktop", "service-user", 0, HWS_OPT_STR, AT(service_user), "", 0, 0, NULL, R, "USER",
			"When started as root: the account whose files and terminals are served; default: desktop-user.",
			NULL },
	{ "desktop", "gate-user", 0, HWS_OPT_STR, AT(gate_user), "", 0, 0, NULL, 0, "USER",
			"When started as root: the account for processes that face the network (default: hawser-gate where it exists, else nobody).",
			NULL },
	{ "desktop", "voice-call", 0, HWS_OPT_ENUM, AT(voice_call), "ask", 0, 0, "off|ask|auto", R,
			"HOW",
			"Voice calls of viewers: decline all, ask whoever is at the desktop, or answer by itself.",
			NULL },
	{ "desktop", "voice-into", 0, HWS_OPT_ENUM, AT(voice_into), "loudspeakers", 0, 0,
			"loudspeakers|microphone", R, "WHERE",
			"Where a caller is heard: by who is at the desktop, or by its programs as their microphone, as in a video conference.",
			NULL },
	{ "desktop", "camera-size", 0, HWS_OPT_STR, AT(camera_size), "", 0, 0, NULL, 0,
			"WIDTHxHEIGHT",
			"Take of each camera the size that is next to this one; default: its best, up to 1920x1080.",
			NULL },
	{ "desktop", "camera-fps", 0, HWS_OPT_U32, AT(camera_fps), "30", 1, 60, NULL, 0, "N",
			"Take at most so many pictures a second of a camera.", NULL },
	{ "access", "second-viewer", 0, HWS_OPT_ENUM, AT(second_viewer), "share", 0, 0,
			"share|ask|take-over|refuse", R, "HOW",
			"When somebody else comes to a desktop that a viewer controls: both control it; the newcomer is told so and takes over when it connects again within a minute; it takes over at once; or it is refused; those who only look on are let in beside it.",
			NULL },
	{ "access", "approve-mode", 0, HWS_OPT_ENUM, AT(approve_mode), "password", 0, 0, "password",
			R | HWS_OPT_HIDDEN, "MODE", "How a connection is approved.", NULL },
	{ "access", "verification-method", 0, HWS_OPT_ENUM, AT(verification), "use-both-passwords",
			0, 0, "use-both-passwords|use-temporary-password|use-permanent-password", R,
			"METHOD", "Which passwords open this host.", NULL },
	{ "access", "temporary-password-length", 0, HWS_OPT_ENUM, AT(temporary_length), "10", 0, 0,
			"6|8|10", R, "N", "Characters of a temporary password.", NULL },
	{ "access", "allow-numeric-one-time-password", 0, HWS_OPT_BOOL, AT(temporary_digits), "no",
			0, 0, NULL, R, NULL, "Temporary passwords of digits only.", NULL },
	{ "access", "weak-one-time-password", 0, HWS_OPT_BOOL, AT(temporary_weak), "no", 0, 0, NULL,
			R, NULL,
			"Take temporary passwords of less than 10 characters, or of digits only, from RustDesk 1.x viewers, too: who records such a login on its way finds the password in minutes. Hawser viewers may always use them.",
			NULL },
	{ "access", "whitelist", 0, HWS_OPT_STR, AT(whitelist), "", 0, 0, NULL, R, "NETWORKS",
			"Comma separated networks that may connect; empty: all.", NULL },
	{ "access", "id-whitelist", 0, HWS_OPT_STR, AT(id_whitelist), "", 0, 0, NULL, R, "IDS",
			"Comma separated IDs with * and ? that may connect; empty: all.", NULL },
	{ "access", "trust-server-addresses", 0, HWS_OPT_BOOL, AT(trust_server_addresses), "no", 0,
			0, NULL, R, NULL,
			"At a relay, believe the address of a viewer that a server tells without a "
			"proof of its own, as deployed servers do, for 'whitelist' and failed logins.",
			NULL },
	{ "access", "viewer-keys", 0, HWS_OPT_STR, AT(viewer_keys), "", 0, 0, NULL, R, "KEYS",
			"Comma separated keys or fingerprints of hawser viewers that may connect, and "
			"no others; empty: all.",
			NULL },
	{ "access", "require-v2", 0, HWS_OPT_BOOL, AT(require_v2), "no", 0, 0, NULL, R, NULL,
			"Serve hawser viewers only, end-to-end encrypted; refuse RustDesk 1.x viewers, whose "
			"scheme a relay operator can attack. The permanent password is then kept in a form that opens nothing; "
			"set it again after going back.",
			NULL },
	{ "access", "require-encryption", 0, HWS_OPT_ENUM, AT(require_encryption), "auto", 0, 0,
			"auto|yes|no", R, "WHEN",
			"Refuse plain connections; auto: but for direct ones, which deployed viewers "
			"cannot encrypt.",
			NULL },
	{ "access", "max-connections", 0, HWS_OPT_U32, AT(max_connections), "32", 1, 1024, NULL, R,
			"N", "Connections at the same time.", NULL },
	{ "access", "max-per-address", 0, HWS_OPT_U32, AT(max_per_address), "16", 1, 1024, NULL, 0,
			"N", "Connections at the same time from one address.", NULL },
	{ "access", "login-timeout", 0, HWS_OPT_DURATION, AT(login_timeout_us), "60s", HWS_US_PER_S,
			3600 * HWS_US_PER_S, NULL, R, "TIME",
			"End a connection that does not log in for so long; ten times that while its "
			"user is asked for a password.",
			NULL },
	{ "access", "sandbox", 0, HWS_OPT_BOOL, AT(sandbox), "yes", 0, 0, NULL, 0, NULL,
			"Confine all processes of the host, those that face the network most.",
			NULL },
	{ "desktop", "restart-command", 0, HWS_OPT_PATH, AT(restart_command), "", 0, 0, NULL, 0,
			"PROGRAM",
			"What restarts the machine for a viewer who may; started with the word "
			"'reboot', by the account that started the host; default: systemctl reboot.",
			NULL },
	{ "desktop", "viewer-command", 0, HWS_OPT_PATH, AT(viewer_command), "", 0, 0, NULL, 0,
			"PROGRAM",
			"What is started on the desktop when a viewer changes sides; default: hawser.",
			NULL },
	{ "files", "files-roots", 0, HWS_OPT_STR, AT(files_roots), "", 0, 0, NULL, R, "FOLDERS",
			"Folders, with : between them, that files may be in; ~ is the home of the account; default: ~. "
			"Sessions of files that are open end when it changes, and can be resumed.",
			NULL },
	{ "files", "files-access", 0, HWS_OPT_ENUM, AT(files_access), "read-write", 0, 0,
			"read-write|read-only|write-only", R, "MODE",
			"read-only: nothing is changed; write-only: files come in, and none is read, listed or replaced.",
			NULL },
	{ "terminal", "terminal-max", 0, HWS_OPT_U32, AT(terminal_max), "16", 1, 256, NULL, R, "N",
			"Shells of an account at the same time, those that are kept included.",
			NULL },
	{ "terminal", "terminal-keep", 0, HWS_OPT_DURATION, AT(terminal_keep_us), "24h", 0, 0, NULL,
			R, "TIME",
			"How long a shell lives on without a viewer that it is kept for; 0: not at all.",
			NULL },
	{ "tunnel", "tunnel-targets", 0, HWS_OPT_STR, AT(tunnel_targets), "", 0, 0, NULL, R,
			"TARGETS",
			"Comma separated HOST:PORTS[/udp] that tunnels may reach: a name, *.domain, address, network, localhost or *; ports as N, N-M or *; empty: nothing.",
			NULL },
	{ "tunnel", "tunnel-listen", 0, HWS_OPT_STR, AT(tunnel_listen), "", 0, 0, NULL, R,
			"ADDRESSES",
			"The same for where this host may listen for a viewer, with an address, localhost or *; empty: nowhere.",
			NULL },
	{ "tunnel", "tunnel-streams", 0, HWS_OPT_U32, AT(tunnel_streams), "256", 1, 1024, NULL, R,
			"N", "Connections of one session at the same time.", NULL },
	{ "recording", "record-incoming", 0, HWS_OPT_BOOL, AT(record_incoming), "no", 0, 0, NULL, R,
			NULL,
			"Keep what viewers are sent of the desktop in files; viewers and the person at the desktop are told.",
			"allow-auto-record-incoming" },
	{ "recording", "recording-folder", 0, HWS_OPT_STR, AT(recording_folder), "", 0, 0, NULL, R,
			"FOLDER",
			"Where to; ~ is the home of the account whose desktop is served; default: ~/Videos/hawser.",
			NULL },
	{ "recording", "recording-keep", 0, HWS_OPT_DURATION, AT(recording_keep_us), "0", 0, 0,
			NULL, R, "TIME", "Remove such recordings that are older; 0: none.", NULL },
	{ "recording", "recording-max-size", 0, HWS_OPT_SIZE, AT(recording_max_bytes), "0", 0, 0,
			NULL, R, "SIZE",
			"Remove the oldest of them when all together are larger; 0: none.", NULL },
	{ "permissions", "access-mode", 0, HWS_OPT_ENUM, AT(access_mode), "custom", 0, 0,
			"custom|full|view", R, "MODE",
			"full: everything below; view: nothing of it; custom: as set.", NULL },
	BOOL("enable-keyboard", keyboard, "Viewers may use keyboard and mouse."),
	BOOL("enable-clipboard", clipboard, "Viewers may share the clipboard."),
	{ "permissions", "clipboard-direction", 0, HWS_OPT_ENUM, AT(clipboard_direction), "both", 0,
			0, "both|to-host|from-host|off", R, "WAY",
			"to-host: what is copied here stays here; from-host: what viewers copy does not come; files included.",
			NULL },
	{ "permissions", "one-way-clipboard-redirection", 0, HWS_OPT_BOOL, AT(one_way_clipboard),
			"no", 0, 0, NULL, R, NULL,
			"What is copied here stays here, whatever clipboard-direction says.",
			NULL },
	BOOL("enable-audio", audio, "Viewers may hear sound, and ring."),
	BOOL("enable-file-transfer", file,
			"Viewers may transfer files: those of 'files-roots', as 'files-access' says."),
	BOOL("enable-camera", camera, "Viewers may see the cameras of this machine."),
	BOOL("enable-terminal", terminal, "Viewers may open a terminal."),
	BOOL("enable-tunnel", tunnel,
			"Viewers may forward ports: to 'tunnel-targets', and to nothing else."),
	BOOL("enable-remote-restart", restart, "Viewers may restart the machine."),
	BOOL("enable-record-session", recording, "Viewers may record."),
	BOOL("enable-block-input", block_input,
			"Viewers may make mouse and keyboard of this machine have no effect."),
	BOOL("enable-privacy-mode", privacy_mode,
			"Viewers may make the monitors of this machine dark."),
	BOOL("enable-remote-printer", printer,
			"Viewers may receive what 'hawser-host print' prints."),
};

const struct hws_options hws_settings_options = {
	.program = NAME,
	.env_prefix = "HAWSER_HOST_",
	.usage = "hawser-host run [OPTION...]\n"
		 "hawser-host id\n"
		 "hawser-host status [--json]\n"
		 "hawser-host doctor [--json]\n"
		 "hawser-host password show | password renew | password set | password remove\n"
		 "hawser-host kick CONN | kick all\n"
		 "hawser-host permit CONN [NAME=on|off ...]\n"
		 "hawser-host chat [CONN] TEXT\n"
		 "hawser-host call [CONN] accept|reject|end|status\n"
		 "hawser-host print [CONN] FILE\n"
		 "hawser-host audit [--json] [--follow] [--since TIME]\n"
		 "hawser-host config show | config get NAME | config path | config set NAME [VALUE]",
	.about = "Lets others see and control this desktop, by its ID over a server of your own or "
		 "by its address.",
	.table = table,
	.count = HWS_COUNT(table),
};

static int usual_config(char *buf, size_t size)
{
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");

	if (geteuid() == 0)
		return hws_str_copy(buf, size, "/etc/hawser/host.conf");
	if (xdg && *xdg == '/')
		return hws_fmt(buf, size, "%s/hawser/host.conf", xdg);
	return home ? hws_fmt(buf, size, "%s/.config/hawser/host.conf", home) : HWS_ERR_NOTFOUND;
}

static int check_viewer_keys(const struct hws_settings *s, struct hws_error *err)
{
	struct hws_viewer_keys *keys = hws_alloc(sizeof(*keys));
	int r = keys ? hws_viewer_keys_parse(s->viewer_keys, keys, err)
		     : hws_error_set(err, HWS_ERR_NOMEM, "out of memory");

	hws_free(keys);
	return r;
}

static int check_root(const char *part, void *arg)
{
	unsigned *count = arg;
	bool at_home = part[0] == '~' && (!part[1] || part[1] == '/');

	return ++*count > HWS_ROOTS_MAX             ? HWS_ERR_FULL
			: part[0] == '/' || at_home ? HWS_OK
						    : HWS_ERR_INVAL;
}

/* What cannot be read would allow nothing, and nobody would know why. */
static int check_targets(const char *name, const char *list, struct hws_error *err)
{
	struct hws_targets *t = NULL;
	struct hws_error why = { 0 };
	int r = hws_targets_parse(list, &t, &why);

	hws_targets_free(t);
	return r < 0 ? hws_error_set(err, HWS_ERR_INVAL, "'%s': %s", name, why.text) : HWS_OK;
}

/* They go to agents in one message. */
static int check_services(const struct hws_settings *s, struct hws_error *err)
{
	unsigned count = 0;

	if (hws_str_each(s->files_roots, ':', check_root, &count) < 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"'files-roots' is not a list of at most %u folders that begin with / or ~, "
				"with : between them: %s",
				HWS_ROOTS_MAX, s->files_roots);
	if (strlen(s->files_roots) + strlen(s->tunnel_targets) + strlen(s->tunnel_listen) >
			HWS_SERVICE_TEXTS_MAX)
		return hws_error_set(err, HWS_ERR_TOOBIG,
				"'files-roots', 'tunnel-targets' and 'tunnel-listen' are longer than %u "
				"bytes together",
				HWS_SERVICE_TEXTS_MAX);
	if (*s->recording_folder &&
			(check_root(s->recording_folder, &count) == HWS_ERR_INVAL ||
					strlen(s->recording_folder) > 2000))
		return hws_error_set(err, HWS_ERR_INVAL,
				"'recording-folder' is not a folder that begins with / or ~: %.100s",
				s->recording_folder);
	if (hws_settings_camera(s, NULL, 0, err) < 0)
		return HWS_ERR_INVAL;
	if (!hws_str_equal(s->hardware_codecs, "auto") &&
			!hws_str_equal(s->hardware_codecs, "off") &&
			(s->hardware_codecs[0] != '/' || strlen(s->hardware_codecs) > 100 ||
					strchr(s->hardware_codecs, ' ')))
		return hws_error_set(err, HWS_ERR_INVAL,
				"'hardware-codecs' is 'auto', 'off' or the path of a device: %.100s",
				s->hardware_codecs);
	if (strlen(s->service_user) >= HWS_ACCOUNT_MAX)
		return hws_error_set(err, HWS_ERR_INVAL, "'service-user' is not an account");
	if (check_targets("tunnel-targets", s->tunnel_targets, err) < 0)
		return HWS_ERR_INVAL;
	return check_targets("tunnel-listen", s->tunnel_listen, err);
}

static int check_servers(const struct hws_settings *s, struct hws_error *err)
{
	struct hws_error why = { 0 };
	struct hws_server_list list;
	struct hws_server_addr relay;
	int r = hws_server_list_parse(s->server, s->key, &list, &why);

	if (r == HWS_OK)
		r = hws_server_list_check_keys(&list, &why);
	if (r < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "'server' and 'key': %s", why.text);
	if (*s->relay && hws_server_addr_parse(s->relay, RELAY_PORT, &relay) < 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"'relay' is HOST or HOST:PORT, and not %.100s", s->relay);
	if (!hws_server_list_are_keys(s->key))
		return hws_error_set(err, HWS_ERR_INVAL,
				"'key' is not a server key: copy the text of the server's "
				"id_ed25519.pub");
	if (*s->key && list.count == 0)
		return hws_error_set(err, HWS_ERR_INVAL, "'key' is set but no 'server'");
	if (*s->server && list.count == 0)
		return hws_error_set(err, HWS_ERR_INVAL, "'server' names none");
	for (size_t i = 0; i < list.count && s->require_server_proof == HWS_YES; i++) {
		if (!list.entry[i].key[0])
			return hws_error_set(err, HWS_ERR_INVAL,
					"'require-server-proof' is yes but no 'key' is set for %.80s: a "
					"server proves itself by its key",
					list.entry[i].text);
	}
	return HWS_OK;
}

int hws_settings_check(const struct hws_settings *s, struct hws_error *err)
{
	struct hws_cidr_list list = { .max = 256 };
	struct hws_proxy proxy;
	int r = hws_cidr_list_parse(s->whitelist, &list, err);

	hws_cidr_list_done(&list);
	if (r == HWS_OK)
		r = check_viewer_keys(s, err);
	if (r == HWS_OK)
		r = check_services(s, err);
	if (r < 0)
		return r;
	if (hws_proxy_set(s->proxy_url, "", "", &proxy) < 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"'proxy-url' is not socks5://, http:// or https://HOST[:PORT]; name and "
				"password are set by 'proxy-username' and 'proxy-password'");
	r = check_servers(s, err);
	if (r < 0)
		return r;
	if (!*s->server && s->direct_server == HWS_NO)
		return hws_error_set(err, HWS_ERR_INVAL,
				"nobody could connect: set 'server', or leave 'direct-server' on");
	return HWS_OK;
}

int hws_settings_load(struct hws_settings *s, int argc, char **argv, bool may_make, int *ret_rest,
		struct hws_error *err)
{
	const struct hws_options *o = &hws_settings_options;
	char usual[PATH_MAX];
	int r;

	if (usual_config(usual, sizeof(usual)) < 0)
		usual[0] = 0;
	r = may_make ? hws_options_load_new(o, s, usual, argc, argv, ret_rest, err)
		     : hws_options_load(o, s, usual, argc, argv, ret_rest, err);
	if (r < 0)
		return r;
	r = hws_settings_check(s, err);
	if (r < 0)
		hws_options_done(o, s);
	return r;
}

void hws_settings_done(struct hws_settings *s)
{
	hws_options_done(&hws_settings_options, s);
}

uint32_t hws_settings_permissions(const struct hws_settings *s, uint64_t server_map)
{
	const struct {
		enum hws_permission p;
		bool on;
	} own[] = {
		{ HWS_PERM_KEYBOARD, s->keyboard },
		{ HWS_PERM_REMOTE_PRINTER, s->printer },
		{ HWS_PERM_CLIPBOARD, s->clipboard },
		{ HWS_PERM_FILE, s->file },
		{ HWS_PERM_AUDIO, s->audio },
		{ HWS_PERM_CAMERA, s->camera },
		{ HWS_PERM_TERMINAL, s->terminal },
		{ HWS_PERM_TUNNEL, s->tunnel },
		{ HWS_PERM_RESTART, s->restart },
		{ HWS_PERM_RECORDING, s->recording },
		{ HWS_PERM_BLOCK_INPUT, s->block_input },
		{ HWS_PERM_PRIVACY_MODE, s->privacy_mode },
	};
	uint32_t set = 0;

	for (size_t i = 0; i < HWS_COUNT(own); i++) {
		bool on = s->access_mode == HWS_ACCESS_FULL ||
				(s->access_mode == HWS_ACCESS_CUSTOM && own[i].on);

		if (on && hws_permission_get(server_map, own[i].p) != HWS_PERM_DENY)
			set |= HWS_NEED(own[i].p);
	}
	if (!hws_settings_clip_to_host(s) && !hws_settings_clip_from_host(s))
		set &= ~HWS_NEED(HWS_PERM_CLIPBOARD);
	return set;
}

bool hws_settings_clip_to_host(const struct hws_settings *s)
{
	return s->clipboard_direction == HWS_CLIPBOARD_BOTH ||
			s->clipboard_direction == HWS_CLIPBOARD_TO_HOST;
}

bool hws_settings_clip_from_host(const struct hws_settings *s)
{
	return !s->one_way_clipboard &&
			(s->clipboard_direction == HWS_CLIPBOARD_BOTH ||
					s->clipboard_direction == HWS_CLIPBOARD_FROM_HOST);
}

const char *hws_settings_account(const struct hws_settings *s)
{
	return *s->service_user ? s->service_user : s->desktop_user;
}

void hws_settings_vault(const struct hws_settings *s, struct hws_vault_conf *ret)
{
	ret->accept = (enum hws_vault_kinds)s->verification;
	ret->temporary_length = 6 + 2 * (unsigned)s->temporary_length;
	ret->temporary_digits = s->temporary_digits;
	ret->weak_for_all = s->temporary_weak;
	ret->v2_only = s->require_v2;
}

bool hws_settings_plaintext(const struct hws_settings *s, bool direct)
{
	return s->require_encryption == HWS_NO || (s->require_encryption == HWS_AUTO && direct);
}

bool hws_settings_direct(const struct hws_settings *s)
{
	/* who names a port means it */
	return s->direct_server == HWS_YES ||
			(s->direct_server == HWS_AUTO &&
					(!*s->server || s->direct_port != DIRECT_PORT));
}

static int set_text(char **field, const char *text)
{
	char *copy = hws_strdup(text);

	if (!copy)
		return HWS_ERR_NOMEM;
	hws_free(*field);
	*field = copy;
	return HWS_OK;
}

int hws_settings_paths(struct hws_settings *s, bool make, struct hws_error *err)
{
	char dir[PATH_MAX], socket[PATH_MAX];
	bool own_dir = *s->state_dir;
	int r = HWS_OK;

	if (!own_dir) {
		r = (make ? hws_daemon_state_dir : hws_daemon_state_path)(
				NAME, dir, sizeof(dir), err);
		if (r == HWS_OK)
			r = set_text(&s->state_dir, dir);
	} else if (make && mkdir(s->state_dir, 0700) < 0 && errno != EEXIST) {
		r = hws_error_set(err, hws_err_from_errno(errno), "the state folder %s: %s",
				s->state_dir, strerror(errno));
	}
	if (r < 0 || *s->control_socket)
		return r;
	if (own_dir) /* so that two hosts with folders of their own do not meet */
		r = hws_fmt(socket, sizeof(socket), "%s/control.sock", s->state_dir);
	else
		r = (make ? hws_daemon_runtime_dir : hws_daemon_runtime_path)(
				NAME, dir, sizeof(dir), err);
	if (r == HWS_OK && !own_dir)
		r = hws_fmt(socket, sizeof(socket), "%s/control.sock", dir);
	return r < 0 ? r : set_text(&s->control_socket, socket);
}
