/* rendezvous/config: the option table and the checks over several options: what one line of the
 * table cannot say. */
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/config/container.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/daemon/daemon_options.h"
#include "shared/daemon/server_socket.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(f) offsetof(struct rdv_config, f)

static const struct hws_option table[] = {
	{ "", "config", 'c', HWS_OPT_PATH, AT(config), "", 0, 0, NULL, HWS_OPT_FLAG_ONLY, "FILE",
			"Read settings from this INI file (a service: /etc/hawser/rendezvous.conf, "
			"if it is there).",
			NULL },
	{ "", "state-dir", 0, HWS_OPT_PATH, AT(state_dir), "", 0, 0, NULL, 0, "DIR",
			"Folder of the key and the database (default: the service's own).", NULL },
	{ "", "control", 0, HWS_OPT_PATH, AT(control), "", 0, 0, NULL, 0, "FILE",
			"Control socket for hawser-admin (default: control.sock in the runtime "
			"folder).",
			NULL },
	{ "", "control-group", 0, HWS_OPT_STR, AT(control_group), "", 0, 0, NULL, 0, "GROUP",
			"Members of this group may use the control socket, as hawser-api does.",
			NULL },
	HWS_DAEMON_OPTIONS_CONFINE(struct rdv_config),

	{ "network", "bind", 'b', HWS_OPT_STR, AT(bind), "", 0, 0, NULL, HWS_OPT_BARE, "IP",
			"Serve on this address only (default: all, IPv4 and IPv6).", "BIND" },
	{ "network", "port", 'p', HWS_OPT_U16, AT(port), "21116", 0, 65535, NULL, HWS_OPT_BARE,
			"PORT", "Main port, UDP and TCP; 0 takes a free one and logs it.", "PORT" },
	{ "network", "nat-port", 0, HWS_OPT_U16, AT(nat_port), "0", 0, 65535, NULL, 0, "PORT",
			"Port of NAT test and online query; 0 is the main port - 1.", NULL },
	{ "network", "ws-port", 0, HWS_OPT_U16, AT(ws_port), "0", 0, 65535, NULL, 0, "PORT",
			"WebSocket port; 0 is the main port + 2.", NULL },
	{ "network", "udp-threads", 0, HWS_OPT_U32, AT(udp_threads), "0", 0, 64, NULL, 0, "N",
			"Threads of the UDP plane; 0 is one for each core.", NULL },
	{ "network", "rmem", 'M', HWS_OPT_SIZE, AT(rmem), "4M", 0, 0, NULL, HWS_OPT_BARE, "BYTES",
			"Receive buffer of each UDP socket; 0 leaves the system's.", "RMEM" },
	{ "network", "max-links", 0, HWS_OPT_U32, AT(max_links), "50000", 1, 1000000, NULL, 0, "N",
			"TCP and WebSocket links at the same time.", NULL },
	{ "network", "max-links-per-address", 0, HWS_OPT_U32, AT(max_links_per_address), "2000", 1,
			1000000, NULL, 0, "N", "The same for one address (IPv6: one /64).", NULL },
	{ "network", "idle", 0, HWS_OPT_DURATION, AT(idle_us), "30s", 1000000, 3600000000ull, NULL,
			0, "TIME", "Close a link on which nothing came for so long.", NULL },
	{ "network", "keep-alive", 0, HWS_OPT_DURATION, AT(keep_alive_us), "25s", 1000000,
			600000000ull, NULL, 0, "TIME",
			"Heartbeat of hosts that register by TCP or WebSocket.", NULL },
	{ "network", "trusted-proxies", 0, HWS_OPT_STR, AT(trusted_proxies), "", 0, 0, NULL,
			HWS_OPT_RELOAD, "NETS",
			"Networks whose X-Forwarded-For or PROXY header is believed.", NULL },
	{ "network", "proxy-protocol", 0, HWS_OPT_BOOL, AT(proxy_protocol), "no", 0, 0, NULL, 0,
			NULL, "Trusted proxies start each TCP link with a PROXY header (v1, v2).",
			NULL },

	{ "tls", "tls-port", 0, HWS_OPT_U16, AT(tls_port), "443", 0, 65535, NULL, 0, "PORT",
			"Serve WebSockets in TLS here, if there is a certificate: /ws/id, and "
			"/ws/relay handed on.",
			NULL },
	{ "tls", "tls-cert", 0, HWS_OPT_PATH, AT(tls_cert), "", 0, 0, NULL, HWS_OPT_RELOAD, "FILE",
			"Certificate chain (PEM), read again on SIGHUP.", NULL },
	{ "tls", "tls-key", 0, HWS_OPT_PATH, AT(tls_key), "", 0, 0, NULL, HWS_OPT_RELOAD, "FILE",
			"Its private key (PEM).", NULL },
	{ "tls", "tls-relay", 0, HWS_OPT_STR, AT(tls_relay), "127.0.0.1:21119", 0, 0, NULL, 0,
			"HOST:PORT", "Where /ws/relay is handed on to (a relay's WebSocket port).",
			NULL },

	{ "access", "key", 'k', HWS_OPT_STR, AT(key), "-", 0, 0, NULL, HWS_OPT_BARE, "KEY",
			"- uses the key file (made when absent); empty: the same, but callers need "
			"no key.",
			"KEY" },
	{ "access", "secret-key", 0, HWS_OPT_STR, AT(secret_key), "", 0, 0, NULL, HWS_OPT_SECRET,
			"KEY",
			"The secret key itself (88 base64 characters) instead of a key file.",
			NULL },
	{ "access", "public-key", 0, HWS_OPT_STR, AT(public_key), "", 0, 0, NULL, 0, "KEY",
			"The public key that clients have: with another key than its own this "
			"server does not start.",
			NULL },
	{ "access", "open", 0, HWS_OPT_BOOL, AT(open), "no", 0, 0, NULL, HWS_OPT_RELOAD, NULL,
			"Serve callers that do not know the key.", NULL },
	{ "access", "encrypt", 0, HWS_OPT_BOOL, AT(encrypt), "yes", 0, 0, NULL, 0, NULL,
			"Offer encryption on TCP links of the main port.", NULL },
	{ "access", "offer-delay", 0, HWS_OPT_DURATION, AT(offer_delay_us), "100ms", 0, 5000000,
			NULL, 0, "TIME",
			"How long a new link may speak first before encryption is offered.", NULL },
	{ "access", "key-copy", 0, HWS_OPT_PATH, AT(key_copy), "", 0, 0, NULL, 0, "FILE",
			"Write the public key to this file, too: for a relay that must not see the "
			"state folder (its key-file).",
			NULL },
	{ "access", "enrolled-only", 0, HWS_OPT_BOOL, AT(enrolled_only), "no", 0, 0, NULL,
			HWS_OPT_RELOAD, NULL,
			"Devices that are not in the database may not register.", NULL },
	{ "access", "id-change", 0, HWS_OPT_BOOL, AT(id_change), "yes", 0, 0, NULL, HWS_OPT_RELOAD,
			NULL, "Devices may choose another id.", NULL },
	{ "access", "online-query", 0, HWS_OPT_ENUM, AT(online_query), "known", 0, 0,
			"known|open|off", HWS_OPT_RELOAD, "WHO",
			"Who may ask which ids are online: known = addresses that registered a "
			"device or showed the key.",
			NULL },
	{ "access", "block", 0, HWS_OPT_STR, AT(block), "", 0, 0, NULL, HWS_OPT_RELOAD, "NETS",
			"Networks that are not served at all.", NULL },
	{ "access", "allow", 0, HWS_OPT_STR, AT(allow), "", 0, 0, NULL, HWS_OPT_RELOAD, "NETS",
			"If set, only these networks are served.", NULL },

	{ "policy", "policy-socket", 0, HWS_OPT_PATH, AT(policy_socket), "", 0, 0, NULL, 0, "FILE",
			"Ask the API server here who may connect to what (its policy.sock); without "
			"it accounts do not count.",
			NULL },
	{ "policy", "policy-away", 0, HWS_OPT_ENUM, AT(policy_away), "refuse", 0, 0, "refuse|last",
			HWS_OPT_RELOAD, "WHAT",
			"When it cannot be asked: refuse, or do what it said last, up to an hour "
			"ago.",
			NULL },
	{ "policy", "api-socket", 0, HWS_OPT_PATH, AT(api_socket), "", 0, 0, NULL, 0, "FILE",
			"Pass requests for the API that come to the main port on to here (its "
			"http.sock).",
			NULL },

	{ "limits", "register-rate", 0, HWS_OPT_U32, AT(register_rate), "10", 0, 1000000, NULL,
			HWS_OPT_RELOAD, "N", "New or changed registrations per second and address.",
			NULL },
	{ "limits", "register-burst", 0, HWS_OPT_U32, AT(register_burst), "2000", 1, 1000000, NULL,
			HWS_OPT_RELOAD, "N", "How many at once.", NULL },
	{ "limits", "punch-rate", 0, HWS_OPT_U32, AT(punch_rate), "10", 0, 1000000, NULL,
			HWS_OPT_RELOAD, "N", "Connection requests per second and address.", NULL },
	{ "limits", "punch-burst", 0, HWS_OPT_U32, AT(punch_burst), "300", 1, 1000000, NULL,
			HWS_OPT_RELOAD, "N", "How many at once.", NULL },
	{ "limits", "target-rate", 0, HWS_OPT_U32, AT(target_rate), "5", 0, 1000000, NULL,
			HWS_OPT_RELOAD, "N",
			"Connection requests per second to one device, shared fairly between those "
			"who ask.",
			NULL },
	{ "limits", "target-burst", 0, HWS_OPT_U32, AT(target_burst), "60", 1, 1000000, NULL,
			HWS_OPT_RELOAD, "N", "How many at once.", NULL },
	{ "limits", "key-rate", 0, HWS_OPT_U32, AT(key_rate), "1", 0, 1000000, NULL, HWS_OPT_RELOAD,
			"N", "Wrong keys per second and address.", NULL },
	{ "limits", "key-burst", 0, HWS_OPT_U32, AT(key_burst), "30", 1, 1000000, NULL,
			HWS_OPT_RELOAD, "N", "How many at once.", NULL },
	{ "limits", "online-rate", 0, HWS_OPT_U32, AT(online_rate), "500", 0, 1000000, NULL,
			HWS_OPT_RELOAD, "N",
			"Ids asked for in online queries, per second and address.", NULL },
	{ "limits", "online-burst", 0, HWS_OPT_U32, AT(online_burst), "20000", 1, 10000000, NULL,
			HWS_OPT_RELOAD, "N", "How many at once.", NULL },
	{ "limits", "max-peers", 0, HWS_OPT_U64, AT(max_peers), "2000000", 64, 200000000, NULL, 0,
			"N", "Devices kept in memory (about 130 bytes each).", NULL },

	{ "store", "store", 0, HWS_OPT_STR, AT(store), "sqlite", 0, 0, NULL, 0, "WHERE",
			"sqlite, sqlite:FILE, memory, or a postgresql:// address.", "DB_URL" },
	{ "store", "store-secret", 0, HWS_OPT_STR, AT(store_secret), "", 0, 0, NULL, HWS_OPT_SECRET,
			"ADDRESS",
			"A postgresql:// address that holds a password; goes before store, if that "
			"is not said nearer to the start (file, environment, command line).",
			NULL },
	{ "store", "store-pool", 0, HWS_OPT_U32, AT(store_pool), "4", 1, 64, NULL, 0, "N",
			"Connections to PostgreSQL.", "MAX_DATABASE_CONNECTIONS" },
	{ "store", "store-queue", 0, HWS_OPT_U64, AT(queue_max), "200000", 1, 10000000, NULL, 0,
			"N", "Registrations kept waiting while the database is away.", NULL },
	{ "store", "node", 0, HWS_OPT_STR, AT(node), "", 0, 0, NULL, 0, "NAME",
			"Name of this node among several on one PostgreSQL (default: one node "
			"only).",
			NULL },
	{ "store", "node-address", 0, HWS_OPT_STR, AT(node_address), "auto", 0, 0, NULL, 0,
			"auto|off|HOST[:PORT]",
			"Where the other nodes reach this one for direct encrypted links; the port "
			"is the main port + 4 if none is given. auto: this machine's address towards "
			"the database, else its first; off: this node takes none.",
			NULL },
	{ "store", "node-bind", 0, HWS_OPT_STR, AT(node_bind), "", 0, 0, NULL, 0, "IP",
			"Take these links on this address (default: that of node-address, else "
			"all).",
			NULL },
	{ "store", "node-port", 0, HWS_OPT_U16, AT(node_port), "0", 0, 65535, NULL, 0, "PORT",
			"Take these links on this port; 0 is that of node-address.", NULL },

	{ "relay", "relay-servers", 'r', HWS_OPT_STR, AT(relay_servers), "", 0, 0, NULL,
			HWS_OPT_RELOAD | HWS_OPT_BARE, "LIST",
			"Relays handed out: HOST[:PORT][*WEIGHT], comma separated.",
			"RELAY-SERVERS,RELAY_SERVERS" },
	{ "relay", "relay-choice", 0, HWS_OPT_ENUM, AT(relay_choice), "nearest", 0, 0,
			"nearest|weights", HWS_OPT_RELOAD, "HOW",
			"Among relays that serve: the nearest to both sides, as far as relays "
			"reported distances, or by their weights alone.",
			NULL },
	{ "relay", "relay-networks", 0, HWS_OPT_STR, AT(relay_networks), "", 0, 0, NULL,
			HWS_OPT_RELOAD, "LIST",
			"Relays of networks: NET=RELAY, comma separated; the device's network goes "
			"before the viewer's.",
			NULL },
	{ "relay", "relay-check", 0, HWS_OPT_ENUM, AT(relay_check), "pair", 0, 0, "pair|connect",
			HWS_OPT_RELOAD, "HOW",
			"How relays are watched: by a connection only, or once a minute also by "
			"relaying a few bytes.",
			NULL },
	{ "relay", "announce-to", 0, HWS_OPT_STR, AT(announce_to), "", 0, 0, NULL, HWS_OPT_RELOAD,
			"KEYS",
			"Public keys of relays that are told which pairs were agreed, comma "
			"separated.",
			NULL },
	{ "relay", "always-use-relay", 0, HWS_OPT_BOOL, AT(always_relay), "no", 0, 0, NULL,
			HWS_OPT_RELOAD | HWS_OPT_BARE, NULL,
			"No direct connections between devices.",
			"ALWAYS_USE_RELAY,ALWAYS-USE-RELAY" },

	HWS_DAEMON_OPTIONS_MONITORING(struct rdv_config, "21126"),

	{ "", "serial", 's', HWS_OPT_STR, AT(serial), "", 0, 0, NULL, HWS_OPT_HIDDEN, "N",
			"Accepted for hbbs command lines, ignored.", "SERIAL" },
	{ "", "rendezvous-servers", 'R', HWS_OPT_STR, AT(rendezvous_servers), "", 0, 0, NULL,
			HWS_OPT_HIDDEN, "LIST", "Accepted for hbbs command lines, ignored.",
			"RENDEZVOUS-SERVERS,RENDEZVOUS_SERVERS" },
	{ "", "software-url", 'u', HWS_OPT_STR, AT(software_url), "", 0, 0, NULL, HWS_OPT_HIDDEN,
			"URL", "Accepted for hbbs command lines, ignored.",
			"SOFTWARE-URL,SOFTWARE_URL" },
	{ "", "mask", 0, HWS_OPT_STR, AT(mask), "", 0, 0, NULL, HWS_OPT_HIDDEN, "NET",
			"Accepted for hbbs command lines, ignored.", "MASK" },
	{ "", "test-hbbs", 0, HWS_OPT_STR, AT(test_hbbs), "", 0, 0, NULL, HWS_OPT_HIDDEN, "ADDRESS",
			"Accepted for hbbs command lines, ignored.", "TEST_HBBS,TEST-HBBS" },
	{ "", "rust-log", 0, HWS_OPT_STR, AT(rust_log), "", 0, 0, NULL, HWS_OPT_HIDDEN, "FILTER",
			"Accepted for hbbs command lines, ignored.", "RUST_LOG" },
	{ "", "local-ip", 0, HWS_OPT_STR, AT(local_ip), "", 0, 0, NULL, HWS_OPT_HIDDEN, "IP",
			"Accepted for hbbs command lines, ignored.", "LOCAL-IP,LOCAL_IP" },
};

const struct hws_options rdv_options = {
	.program = "hawser-rendezvous",
	.env_prefix = "HAWSER_RENDEZVOUS_",
	.usage = "hawser-rendezvous [options]\n"
		 "hawser-rendezvous key [--state-dir DIR]     print the public key\n"
		 "hawser-rendezvous config [options]          print the settings in force\n"
		 "hawser-rendezvous take-over DIR [options]   take devices and key of hbbs over\n"
		 "hawser-rendezvous health [--ready]          does the server that runs here serve?",
	.about = "The ID server: devices register here, viewers find them here.",
	.table = table,
	.count = HWS_COUNT(table),
	.others = rdv_env_names,
	.others_count = RDV_ENV_NAMES,
};

static void warn_ignored(const char *name, const char *value, const char *why)
{
	if (*value)
		hws_warn("config.ignored", HWS_STR("option", name), HWS_STR("text", why));
}

/* hbbs takes the secret key itself as the value of -k: kept where it is not shown. */
static int check_key(struct rdv_config *c, struct hws_error *err)
{
	struct hws_identity id;
	uint8_t pk[HWS_PK_LEN];
	int r;

	if (*c->key && strcmp(c->key, "-") != 0 && strcmp(c->key, "_") != 0) {
		if (hws_key_parse(c->key, pk) == HWS_OK)
			return hws_error_set(err, HWS_ERR_INVAL,
					"the value of --key is a public key: without the secret "
					"key no device's "
					"key could be signed and every session would be "
					"unencrypted. Leave "
					"--key out and put the file id_ed25519 into the state "
					"folder");
		hws_warn("config.key",
				HWS_STR("text",
						"a secret key on the command line is visible to "
						"others: use secret-key in the config file"));
		hws_free(c->secret_key);
		c->secret_key = c->key;
		c->key = hws_strdup("-");
		if (!c->key)
			return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	}
	if (!*c->secret_key)
		return HWS_OK;
	r = hws_identity_from_text(c->secret_key, &id);
	hws_identity_wipe(&id);
	if (r < 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"the key given is not a secret key (88 base64 characters). Leave "
				"it out to use "
				"the file id_ed25519 in the state folder");
	return HWS_OK;
}

/* Before it is shown anywhere: it would not be the first time that somebody mixes the two up. */
static int check_public_key(const struct rdv_config *c, struct hws_error *err)
{
	uint8_t pk[HWS_PK_LEN];

	if (!*c->public_key || hws_key_parse(c->public_key, pk) == HWS_OK)
		return HWS_OK;
	return hws_error_set(err, HWS_ERR_INVAL,
			"public-key (KEY_PUB) is no public key (44 base64 characters); a secret key belongs "
			"into secret-key (KEY_PRIV)");
}

int rdv_config_check(struct rdv_config *c, struct hws_error *err)
{
	int r = check_key(c, err);

	if (r == HWS_OK)
		r = check_public_key(c, err);
	if (r < 0)
		return r;
	if (c->port) {
		if (c->port < 3 || c->port > 65533)
			return hws_error_set(err, HWS_ERR_RANGE,
					"--port must be 0 or between 3 and 65533: two neighbours "
					"are used too");
		if (!c->nat_port)
			c->nat_port = (uint16_t)(c->port - 1);
		if (!c->ws_port)
			c->ws_port = (uint16_t)(c->port + 2);
		if (c->nat_port == c->port || c->ws_port == c->port || c->nat_port == c->ws_port)
			return hws_error_set(err, HWS_ERR_INVAL,
					"--port, --nat-port and --ws-port must differ");
	}
	if (!*c->tls_cert != !*c->tls_key)
		return hws_error_set(
				err, HWS_ERR_INVAL, "--tls-cert and --tls-key belong together");
	warn_ignored("serial", c->serial, "this server never pushes server lists to devices");
	warn_ignored("rendezvous-servers", c->rendezvous_servers,
			"this server never pushes server lists to devices");
	warn_ignored("software-url", c->software_url, "updates come from the distribution");
	warn_ignored("mask", c->mask,
			"devices behind one address exchange local addresses by themselves");
	warn_ignored("local-ip", c->local_ip, "it belongs to mask, which is not used");
	warn_ignored("test-hbbs", c->test_hbbs, "this server does not send datagrams to itself");
	warn_ignored("rust-log", c->rust_log, "use log-level");
	if (!*c->key)
		c->open = true; /* an explicitly empty key: what hbbs makes of it */
	if (c->open)
		hws_warn("config.open", HWS_STR("text", "callers need no key"));
	return HWS_OK;
}

/* What is said nearer to the start goes before: a secret that stands in the file must not beat a
 * --store. */
static int settle_store(struct rdv_config *c, int argc, char **argv, struct hws_error *err)
{
	struct rdv_config near;
	bool explicit;
	int rest, r;

	if (!*c->store_secret)
		return HWS_OK;
	r = hws_options_init(&rdv_options, &near);
	if (r < 0)
		return hws_error_set(err, r, "out of memory");
	near.store[0] = 0; /* nothing said */
	r = hws_options_args(&rdv_options, &near, argc, argv, &rest, err);
	explicit = *near.store;
	if (r == HWS_OK)
		r = hws_options_env(&rdv_options, &near, err);
	explicit = explicit || (*near.store && !*near.store_secret);
	if (r == HWS_OK && explicit) {
		hws_info("config.store",
				HWS_STR("text", "store is said and goes before store-secret"));
		r = hws_options_set(&rdv_options, c, "store-secret", "", err);
	}
	hws_options_done(&rdv_options, &near);
	return r;
}

int rdv_config_load(
		struct rdv_config *c, int argc, char **argv, int *ret_rest, struct hws_error *err)
{
	int r = hws_options_load(&rdv_options, c, hws_server_usual_file(&hws_rendezvous_control),
			argc, argv, ret_rest, err);

	if (r < 0)
		return r;
	r = settle_store(c, argc, argv, err);
	if (r == HWS_OK)
		r = rdv_config_check(c, err);
	if (r < 0)
		hws_options_done(&rdv_options, c);
	return r;
}
