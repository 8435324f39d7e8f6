/* The settings of the relay: one table for file, environment and flags, the names that a deployed
 * relay uses beside ours, and the rules made of them. */
#include "server-relay/config.h"
#include "server-relay/container.h"
#include "shared/base/file_error.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/daemon/daemon_options.h"
#include "shared/daemon/server_socket.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT(f) offsetof(struct rly_config, f)
#define LIST_FILE_MAX (1u << 20)
#define MBIT_BYTES 131072u /* the deployed relay's megabit (1024 x 1024 bit) in bytes */

static const struct hws_option table[] = {
	{ "", "config", 'c', HWS_OPT_PATH, AT(config), "", 0, 0, NULL, HWS_OPT_FLAG_ONLY, "FILE",
			"Read settings from this INI file (a service: /etc/hawser/relay.conf, if it is there).",
			NULL },
	{ "", "control", 0, HWS_OPT_PATH, AT(control), "", 0, 0, NULL, 0, "FILE",
			"Control socket for hawser-admin (default: control.sock in the runtime folder).",
			NULL },
	{ "", "control-group", 0, HWS_OPT_STR, AT(control_group), "", 0, 0, NULL, 0, "GROUP",
			"Members of this group may use the control socket, as hawser-api does.",
			NULL },
	{ "", "runtime-dir", 0, HWS_OPT_PATH, AT(runtime_dir), "", 0, 0, NULL, 0, "DIR",
			"Folder of the control and hand-over sockets (default: the service's own).",
			NULL },
	{ "", "takeover", 0, HWS_OPT_BOOL, AT(takeover), "no", 0, 0, NULL, HWS_OPT_FLAG_ONLY, NULL,
			"Take the ports and waiting connections over from the relay that runs here, if one does; it ends with its last pair.",
			NULL },
	HWS_DAEMON_OPTIONS_CONFINE(struct rly_config),

	{ "network", "bind", 'b', HWS_OPT_STR, AT(bind), "", 0, 0, NULL, 0, "IP",
			"Serve on this address only (default: all, IPv4 and IPv6).", "BIND" },
	{ "network", "port", 'p', HWS_OPT_U16, AT(port), "21117", 0, 65535, NULL, 0, "PORT",
			"TCP port; 0 takes a free one and logs it.", NULL },
	{ "network", "ws-port", 0, HWS_OPT_STR, AT(ws_port), "", 0, 0, NULL, 0, "PORT",
			"WebSocket port, 0 for a free one, or off (default: port + 2).", NULL },
	{ "network", "threads", 0, HWS_OPT_U32, AT(threads), "0", 0, 64, NULL, 0, "N",
			"Threads that forward; 0 is one for each core.", NULL },
	{ "network", "max-pairs", 0, HWS_OPT_U32, AT(max_pairs), "0", 0, 10000000, NULL, 0, "N",
			"Pairs at the same time; 0 is as many as the descriptor limit allows.",
			NULL },
	{ "network", "max-waiting", 0, HWS_OPT_U32, AT(max_waiting), "4096", 1, 10000000, NULL, 0,
			"N", "Connections that wait for their partner at the same time.", NULL },
	{ "network", "max-waiting-per-address", 0, HWS_OPT_U32, AT(max_waiting_addr), "256", 0,
			10000000, NULL, HWS_OPT_RELOAD, "N",
			"The same for one address (IPv6: one /64); 0 is no limit.", NULL },
	{ "network", "max-links-per-address", 0, HWS_OPT_U32, AT(max_legs_addr), "4096", 0,
			10000000, NULL, HWS_OPT_RELOAD, "N",
			"Connections of one address, paired or not; 0 is no limit.", NULL },
	{ "network", "pipes", 0, HWS_OPT_U32, AT(pipes), "64", 0, 4096, NULL, 0, "N",
			"Pipes of 1 MiB for each thread: so many directions are spliced at the same moment.",
			NULL },
	{ "network", "first-frame-timeout", 0, HWS_OPT_DURATION, AT(first_us), "10s", 500000,
			600000000ull, NULL, HWS_OPT_RELOAD, "TIME",
			"A connection must have said which pair it belongs to within this time.",
			NULL },
	{ "network", "wait-timeout", 0, HWS_OPT_DURATION, AT(wait_us), "30s", 500000, 600000000ull,
			NULL, HWS_OPT_RELOAD, "TIME", "How long it may wait for its partner.",
			NULL },
	{ "network", "idle-timeout", 0, HWS_OPT_DURATION, AT(idle_us), "30s", 1000000,
			86400000000ull, NULL, HWS_OPT_RELOAD, "TIME",
			"A pair ends when no byte could be moved for so long.", NULL },
	{ "network", "drain-timeout", 0, HWS_OPT_DURATION, AT(drain_us), "60s", 1000000,
			604800000000ull, NULL, 0, "TIME",
			"How long pairs may go on after a request to end.", NULL },
	{ "network", "ws-message-max", 0, HWS_OPT_SIZE, AT(message_max), "64M", 65536, 1u << 30,
			NULL, HWS_OPT_RELOAD, "BYTES",
			"Largest message between a WebSocket and anything else.", NULL },
	{ "network", "trusted-proxies", 0, HWS_OPT_STR, AT(trusted_proxies), "", 0, 0, NULL,
			HWS_OPT_RELOAD, "NETS",
			"Networks whose X-Forwarded-For or PROXY header is believed.", NULL },
	{ "network", "proxy-protocol", 0, HWS_OPT_BOOL, AT(proxy_protocol), "no", 0, 0, NULL,
			HWS_OPT_RELOAD, NULL,
			"Trusted proxies start each connection with a PROXY header (v1, v2).",
			NULL },

	{ "tls", "tls-cert", 0, HWS_OPT_PATH, AT(tls_cert), "", 0, 0, NULL, HWS_OPT_RELOAD, "FILE",
			"Certificate chain (PEM): the WebSocket port then speaks TLS only.", NULL },
	{ "tls", "tls-key", 0, HWS_OPT_PATH, AT(tls_key), "", 0, 0, NULL, HWS_OPT_RELOAD, "FILE",
			"Its private key (PEM).", NULL },

	{ "access", "key", 'k', HWS_OPT_STR, AT(key), "", 0, 0, NULL, HWS_OPT_RELOAD, "KEY",
			"Public key of the rendezvous server whose clients are served, or several with commas.",
			"KEY" },
	{ "access", "key-file", 0, HWS_OPT_PATH, AT(key_file), "", 0, 0, NULL, HWS_OPT_RELOAD,
			"FILE", "The same from a file: its id_ed25519.pub.", NULL },
	{ "access", "open", 0, HWS_OPT_BOOL, AT(open), "no", 0, 0, NULL, HWS_OPT_RELOAD, NULL,
			"Serve everybody, without a key.", NULL },
	{ "access", "block", 0, HWS_OPT_STR, AT(block), "", 0, 0, NULL, HWS_OPT_RELOAD, "NETS",
			"Networks that are not served; running pairs are cut.", NULL },
	{ "access", "block-file", 0, HWS_OPT_PATH, AT(block_file), "", 0, 0, NULL, HWS_OPT_RELOAD,
			"FILE", "The same from a file, one a line (blocklist.txt of hbbr).", NULL },
	{ "access", "allow", 0, HWS_OPT_STR, AT(allow), "", 0, 0, NULL, HWS_OPT_RELOAD, "NETS",
			"If set, only these networks are served.", NULL },
	{ "access", "announced", 0, HWS_OPT_ENUM, AT(announce), "off", 0, 0,
			"off|optional|required", HWS_OPT_RELOAD, "HOW",
			"Serve only pairs that the rendezvous server announced; optional: while it is connected.",
			NULL },
	{ "access", "announcers", 0, HWS_OPT_STR, AT(announcers), "", 0, 0, NULL, HWS_OPT_RELOAD,
			"LIST",
			"Rendezvous servers that announce pairs: HOST[:PORT], comma separated.",
			NULL },
	{ "access", "announce-grace", 0, HWS_OPT_DURATION, AT(grace_us), "20s", 0, 600000000ull,
			NULL, HWS_OPT_RELOAD, "TIME",
			"With announced=optional: the server must have been connected for so long.",
			NULL },
	{ "access", "public-name", 0, HWS_OPT_STR, AT(public_name), "", 0, 0, NULL, HWS_OPT_RELOAD,
			"HOST[:PORT]",
			"This relay as it stands in the rendezvous servers' relay-servers: they leave it out while it drains.",
			NULL },
	{ "access", "identity", 0, HWS_OPT_PATH, AT(identity), "", 0, 0, NULL, 0, "FILE",
			"The relay's own key for that (default: relay_ed25519 in the state folder, made when absent).",
			NULL },

	{ "limits", "limit-pair", 0, HWS_OPT_SIZE, AT(rate_pair), "0", 0, 0, NULL, HWS_OPT_RELOAD,
			"BYTES", "Bytes per second of one pair, both directions; 0 is no limit.",
			NULL },
	{ "limits", "limit-address", 0, HWS_OPT_SIZE, AT(rate_addr), "0", 0, 0, NULL,
			HWS_OPT_RELOAD, "BYTES", "Bytes per second of all pairs of one address.",
			NULL },
	{ "limits", "limit-total", 0, HWS_OPT_SIZE, AT(rate_total), "0", 0, 0, NULL, HWS_OPT_RELOAD,
			"BYTES", "Bytes per second of all pairs; shared fairly between them.",
			NULL },
	{ "limits", "pair-volume", 0, HWS_OPT_SIZE, AT(pair_volume), "0", 0, 0, NULL,
			HWS_OPT_RELOAD, "BYTES",
			"A pair ends when it has moved so many bytes; 0 is no limit.", NULL },
	{ "limits", "pair-time", 0, HWS_OPT_DURATION, AT(pair_us), "0", 0, 0, NULL, HWS_OPT_RELOAD,
			"TIME", "A pair ends after this time; 0 is no limit.", NULL },
	{ "limits", "slow", 0, HWS_OPT_STR, AT(slow), "", 0, 0, NULL, HWS_OPT_RELOAD, "NETS",
			"Networks whose pairs get no more than limit-slow.", NULL },
	{ "limits", "slow-file", 0, HWS_OPT_PATH, AT(slow_file), "", 0, 0, NULL, HWS_OPT_RELOAD,
			"FILE", "The same from a file, one a line (blacklist.txt of hbbr).", NULL },
	{ "limits", "limit-slow", 0, HWS_OPT_SIZE, AT(rate_slow), "4M", 0, 0, NULL, HWS_OPT_RELOAD,
			"BYTES", "Bytes per second of a slow pair.", NULL },
	{ "limits", "downgrade-after", 0, HWS_OPT_DURATION, AT(downgrade_us), "0", 0, 0, NULL,
			HWS_OPT_RELOAD, "TIME",
			"Pairs older than this become slow when they used too much of limit-pair; 0 is never.",
			NULL },
	{ "limits", "downgrade-percent", 0, HWS_OPT_U32, AT(downgrade_pct), "66", 1, 100, NULL,
			HWS_OPT_RELOAD, "N", "How much of limit-pair, on average, is too much.",
			NULL },

	HWS_DAEMON_OPTIONS_MONITORING(struct rly_config, "21127"),
};

/* --- names of the deployed relay -------------------------------------------------------------- */

/* It looks a name up in upper and lower case, with dashes and underscores. */
static void compat_spell(char *buf, const char *name, unsigned how)
{
	size_t n = strlen(name);

	for (size_t i = 0; i <= n; i++) {
		char c = name[i];

		if (c == '_' && !(how & 1))
			c = '-';
		if (how & 2)
			c = (char)tolower((unsigned char)c);
		buf[i] = c;
	}
}

static const char *compat_env(const char *name)
{
	for (unsigned how = 0; how < 4; how++) {
		char buf[40];
		const char *v;

		compat_spell(buf, name, how);
		v = getenv(buf);
		if (v && *v)
			return v;
	}
	return NULL;
}

static void compat_rate(const char *name, uint64_t *to)
{
	const char *v = compat_env(name);
	uint64_t mbit;

	if (!v || hws_parse_u64(v, &mbit) < 0 || !mbit || mbit > UINT32_MAX)
		return; /* as it does: what does not parse is not taken */
	*to = mbit * MBIT_BYTES;
	hws_warn("config.compat", HWS_STR("name", name), HWS_U64("bytes_per_second", *to));
}

static void adopt(void *cfg)
{
	struct rly_config *c = cfg;
	const char *v = compat_env("PORT");
	uint16_t port;
	uint64_t n;
	double d;

	if (v && hws_parse_u16(v, &port) == HWS_OK && port && port < UINT16_MAX) {
		/* One PORT for both deployed servers: the relay takes the next one. */
		c->port = (uint16_t)(port + 1);
		hws_warn("config.compat", HWS_STR("name", "PORT"), HWS_U64("port", c->port),
				HWS_STR("text", "PORT means the rendezvous port: the relay takes the next one; HAWSER_RELAY_PORT or --port is taken as it is"));
	}
	compat_rate("SINGLE_BANDWIDTH", &c->rate_pair);
	compat_rate("TOTAL_BANDWIDTH", &c->rate_total);
	compat_rate("LIMIT_SPEED", &c->rate_slow);
	v = compat_env("DOWNGRADE_START_CHECK");
	if (v && hws_parse_u64(v, &n) == HWS_OK && n)
		c->downgrade_us = n * 1000000u;
	v = compat_env("DOWNGRADE_THRESHOLD");
	if (v && hws_parse_double(v, &d) == HWS_OK && d > 0 && d <= 1)
		c->downgrade_pct = (uint32_t)HWS_MAX(d * 100, 1.0);
}

const struct hws_options rly_options = {
	.program = "hawser-relay",
	.env_prefix = "HAWSER_RELAY_",
	.usage = "hawser-relay --key KEY [options]\n"
		 "hawser-relay --open [options]\n"
		 "hawser-relay identity [--identity FILE]    print the relay's own public key\n"
		 "hawser-relay config [options]              print the settings in force\n"
		 "hawser-relay health [--ready]              does the relay that runs here serve?",
	.about = "The relay: joins the two ends of a session that cannot reach each other directly. "
		 "It has no key to what passes, and hawser v2 is safe from it. --key is the public "
		 "key of your rendezvous server (hawser-rendezvous key prints it).",
	.table = table,
	.count = HWS_COUNT(table),
	.adopt = adopt,
	.others = rly_env_names,
	.others_count = RLY_ENV_NAMES,
};

/* --- reading ---------------------------------------------------------------------------------- */

int rly_config_check(const struct rly_config *c, struct hws_error *err)
{
	uint16_t port;
	bool on;

	if (!*c->key && !*c->key_file && !c->open)
		return hws_error_set(err, HWS_ERR_INVAL,
				"whom should it serve? Give --key KEY (the public key of your rendezvous "
				"server; `hawser-rendezvous key` prints it) or --key-file FILE, or say "
				"--open to serve everybody");
	if ((*c->tls_cert != 0) != (*c->tls_key != 0))
		return hws_error_set(
				err, HWS_ERR_INVAL, "--tls-cert and --tls-key belong together");
	if (c->announce != RLY_ANNOUNCE_OFF && !*c->announcers)
		return hws_error_set(err, HWS_ERR_INVAL,
				"--announced needs --announcers: the rendezvous servers that announce");
	return rly_config_ws_port(c, &port, &on, err);
}

int rly_config_ws_port(
		const struct rly_config *c, uint16_t *ret, bool *ret_on, struct hws_error *err)
{
	uint16_t port = c->port ? (uint16_t)(c->port + 2) : 0;
	bool on = strcmp(c->ws_port, "off") != 0;

	if (on && *c->ws_port && hws_parse_u16(c->ws_port, &port) < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "--ws-port is a port or off, not '%s'",
				c->ws_port);
	if (on && !*c->ws_port && c->port > 65533)
		return hws_error_set(err, HWS_ERR_RANGE,
				"port %u leaves no room for the WebSocket port: say --ws-port",
				c->port);
	if (on && port && port == c->port)
		return hws_error_set(err, HWS_ERR_INVAL, "--port and --ws-port must differ");
	*ret = port;
	*ret_on = on;
	return HWS_OK;
}

int rly_config_read(
		int argc, char **argv, struct rly_config *ret, int *ret_rest, struct hws_error *err)
{
	return hws_options_load(&rly_options, ret, hws_server_usual_file(&hws_relay_control), argc,
			argv, ret_rest, err);
}

void rly_config_done(struct rly_config *c)
{
	hws_options_done(&rly_options, c);
}

/* --- rules ------------------------------------------------------------------------------------ */

/* A regular file, which may have come by a link: a pipe would keep the start waiting for ever. */
static int open_regular(const char *path, int *ret_fd, struct hws_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return hws_file_error(path, errno, err);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return hws_error_set(err, HWS_ERR_INVAL, "%s is not a regular file", path);
	}
	*ret_fd = fd;
	return HWS_OK;
}

static int file_text(const char *path, char **ret, struct hws_error *err)
{
	char *text = hws_alloc(LIST_FILE_MAX + 1);
	size_t n = 0;
	ssize_t got = 1;
	int fd, r;

	if (!text)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	r = open_regular(path, &fd, err);
	if (r < 0) {
		hws_free(text);
		return r;
	}
	while (n < LIST_FILE_MAX && got > 0) {
		got = read(fd, text + n, LIST_FILE_MAX - n);
		n += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	if (n == LIST_FILE_MAX || got < 0) {
		hws_free(text);
		return hws_error_set(err, HWS_ERR_TOOBIG, "%s cannot be read whole", path);
	}
	*ret = text;
	return HWS_OK;
}

/* One network a line, what follows a blank or # is a remark; as a comma list. */
static void lines_to_list(char *text)
{
	bool begun = false, skip = false;

	for (char *c = text; *c; c++) {
		bool blank = *c == ' ' || *c == '\t' || *c == '\r';

		if (*c == '\n') {
			*c = ',';
			begun = skip = false;
			continue;
		}
		skip = skip || *c == '#' || (blank && begun);
		begun = begun || !blank;
		if (skip)
			*c = ' ';
	}
}

static int list_of(
		const char *inl, const char *path, struct hws_cidr_list *ret, struct hws_error *err)
{
	char *file = NULL, *all = NULL;
	int r = HWS_OK;

	if (*path)
		r = file_text(path, &file, err);
	if (r < 0)
		return r;
	if (file)
		lines_to_list(file);
	size_t size = strlen(inl) + (file ? strlen(file) : 0) + 2;

	all = hws_alloc(size);
	r = all ? hws_fmt(all, size, "%s,%s", inl, file ? file : "") : HWS_ERR_NOMEM;
	if (r == HWS_OK)
		r = hws_cidr_list_parse(all, ret, err);
	hws_free(file);
	hws_free(all);
	return r;
}

static int add_key(const char *text, void *arg)
{
	struct rly_keys *k = arg;
	uint8_t pk[HWS_PK_LEN];
	struct hws_identity id;

	if (k->count == RLY_KEYS_MAX)
		return HWS_ERR_TOOBIG;
	if (hws_identity_from_text(text, &id) == HWS_OK) {
		hws_identity_wipe(&id);
		return HWS_ERR_PERM;
	}
	if (hws_key_parse(text, pk) < 0)
		hws_warn("config.key",
				HWS_STR("text", "the key is not the base64 text of a public key; it is compared as it is"));
	return hws_str_copy(k->text[k->count++], sizeof(k->text[0]), text);
}

static int keys_of(const struct rly_config *c, struct rly_keys *ret, struct hws_error *err)
{
	const char *key = c->key, *path = c->key_file;
	char *text = NULL;
	int r = HWS_OK;

	/* What the deployed relay calls "-": the key files beside it. We read the public one
	 * only. */
	if (strcmp(key, "-") == 0 || strcmp(key, "_") == 0) {
		key = "";
		path = *path ? path : "id_ed25519.pub";
	}
	if (*key)
		r = hws_str_each(key, ',', add_key, ret);
	if (r == HWS_OK && *path) {
		r = file_text(path, &text, err);
		if (r < 0)
			return r;
		r = hws_str_each(hws_str_trim(text), '\n', add_key, ret);
	}
	hws_free(text);
	if (r == HWS_ERR_PERM)
		return hws_error_set(err, r,
				"that is a secret key: the relay must not have it. Give it the public "
				"one (id_ed25519.pub, or `hawser-rendezvous key`)");
	if (r < 0)
		return hws_error_set(err, r, "the key list is too long (%d keys of %u characters)",
				RLY_KEYS_MAX, HWS_KEY_TEXT_MAX);
	if (!ret->count && !c->open)
		return hws_error_set(err, HWS_ERR_INVAL, "there is no key in %s", path);
	if (c->open)
		ret->count = 0;
	return HWS_OK;
}

int rly_config_rules(const struct rly_config *c, struct rly_rules **ret, struct hws_error *err)
{
	struct rly_rules *r;
	int e = rly_rules_new(&r);

	if (e < 0)
		return hws_error_set(err, e, "out of memory");
	e = keys_of(c, &r->keys, err);
	if (e == HWS_OK)
		e = list_of(c->block, c->block_file, &r->block, err);
	if (e == HWS_OK)
		e = list_of(c->allow, "", &r->allow, err);
	if (e == HWS_OK)
		e = list_of(c->slow, c->slow_file, &r->slow, err);
	if (e == HWS_OK)
		e = list_of(c->trusted_proxies, "", &r->trusted, err);
	if (e < 0) {
		rly_rules_unref(r);
		return e;
	}
	r->proxy_protocol = c->proxy_protocol;
	r->announce = (enum rly_announce)c->announce;
	r->rate_pair = c->rate_pair;
	r->rate_addr = c->rate_addr;
	r->rate_total = c->rate_total;
	r->rate_slow = c->rate_slow;
	r->pair_volume = c->pair_volume;
	r->pair_us = c->pair_us;
	r->downgrade_us = c->downgrade_us;
	r->downgrade_pct = c->downgrade_pct;
	r->first_us = c->first_us;
	r->wait_us = c->wait_us;
	r->idle_us = c->idle_us;
	r->grace_us = c->grace_us;
	r->max_waiting_addr = c->max_waiting_addr;
	r->max_legs_addr = c->max_legs_addr;
	r->message_max = c->message_max;
	*ret = r;
	return HWS_OK;
}
