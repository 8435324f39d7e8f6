/* The viewer's configuration file. Only what differs from the defaults is written, so that a
 * later version can choose better ones. */
#include "client/core/view_settings.h"
#include "client/core/account_words.h"
#include "client/media/codec_table.h"
#include "client/reach/server_list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/conf/option.h"
#include "shared/sys/private_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (256u << 10)
#define VALUE_MAX 4000u /* with its name in one line of the file, as that is read */
#define NAME_BYTES_MAX 128
#define AT(field) offsetof(struct hws_viewer_config, field)

static const struct hws_option table[] = {
	{ .section = "",
			.name = "server",
			.type = HWS_OPT_STR,
			.offset = AT(server),
			.def = "",
			.arg = "HOST[:PORT],...",
			.help = "Rendezvous server that hosts are looked up at by their ID, or up to "
				"eight, the first before the others; a ws:// or wss:// URL reaches one by a "
				"WebSocket; ?key=KEY behind one is its key." },
	{ .section = "",
			.name = "key",
			.type = HWS_OPT_STR,
			.offset = AT(key),
			.def = "",
			.arg = "BASE64,...",
			.help = "Public key of that server (its id_ed25519.pub); of several servers one "
				"that is the same for all, or one for each, in their order, - for none." },
	{ .section = "",
			.name = "api-server",
			.type = HWS_OPT_STR,
			.offset = AT(api_server),
			.def = "",
			.arg = "URL",
			.help = "Where the accounts of the first server are, for hawser login; empty: "
				"http at the server's port less two." },
	{ .section = "",
			.name = "id",
			.type = HWS_OPT_STR,
			.offset = AT(id),
			.def = "",
			.arg = "TEXT",
			.help = "What hosts are told as this viewer's ID; empty: the machine's name." },
	{ .section = "",
			.name = "name",
			.type = HWS_OPT_STR,
			.offset = AT(name),
			.def = "",
			.arg = "TEXT",
			.help = "What people at hosts see as the caller; empty: the user's name." },
	{ .section = "",
			.name = "force-relay",
			.type = HWS_OPT_BOOL,
			.offset = AT(force_relay),
			.def = "no",
			.help = "Always go through the relay." },
	{ .section = "",
			.name = "keep-path",
			.type = HWS_OPT_BOOL,
			.offset = AT(keep_path),
			.def = "no",
			.help = "Do not look for a direct way while a session goes through the relay." },
	{ .section = "",
			.name = "require-v2",
			.type = HWS_OPT_BOOL,
			.offset = AT(require_v2),
			.def = "no",
			.help = "Connect only with end-to-end encryption by hawser v2: refuse hosts that "
				"speak no more than the RustDesk 1.x scheme." },
	{ .section = "",
			.name = "proxy-url",
			.type = HWS_OPT_STR,
			.offset = AT(proxy_url),
			.def = "",
			.arg = "URL",
			.help = "Connect through this proxy: socks5://, http:// or https://HOST[:PORT]." },
	{ .section = "",
			.name = "proxy-username",
			.type = HWS_OPT_STR,
			.offset = AT(proxy_user),
			.def = "",
			.arg = "NAME",
			.help = "Name at the proxy." },
	{ .section = "",
			.name = "proxy-password",
			.type = HWS_OPT_STR,
			.offset = AT(proxy_password_secret),
			.def = "",
			.flags = HWS_OPT_SECRET,
			.arg = "TEXT",
			.help = "Password at the proxy." },
	{ .section = "",
			.name = "quality",
			.type = HWS_OPT_STR,
			.offset = AT(quality),
			.def = "balanced",
			.arg = "best|balanced|low",
			.help = "Picture quality that sessions start with." },
	{ .section = "",
			.name = "codec",
			.type = HWS_OPT_STR,
			.offset = AT(codec),
			.def = "auto",
			.arg = "auto|CODEC",
			.help = "Video codec to ask hosts for." },
	{ .section = "",
			.name = "chroma",
			.type = HWS_OPT_STR,
			.offset = AT(chroma),
			.def = "auto",
			.arg = "auto|420|444",
			.help = "Colours to ask hosts for: of one pixel in four (420) or of each one "
				"(444); auto: 444 with the best quality." },
	{ .section = "",
			.name = "hardware-codecs",
			.type = HWS_OPT_STR,
			.offset = AT(hardware_codecs),
			.def = "auto",
			.arg = "auto|off|DEVICE",
			.help = "Decode pictures by a graphics card where that is faster; DEVICE: by "
				"that one, /dev/dri/renderD128." },
	{ .section = "",
			.name = "record",
			.type = HWS_OPT_ENUM,
			.offset = AT(record),
			.def = "ask",
			.choices = "ask|always|never",
			.arg = "WHEN",
			.help = "ask: sessions of a desktop are recorded when the user says so; always: each "
				"from its begin on; never: not at all." },
	{ .section = "",
			.name = "recording-folder",
			.type = HWS_OPT_STR,
			.offset = AT(recording_folder),
			.def = "",
			.arg = "FOLDER",
			.help = "Where recordings without a name of their own go; empty: Videos/hawser at "
				"home." },
};

static const struct hws_options options = {
	.program = "hawser",
	.env_prefix = "HAWSER_",
	.usage = "",
	.about = "",
	.table = table,
	.count = HWS_COUNT(table),
};

struct hws_view_settings {
	struct hws_viewer_config config; /* with overrides */
	struct hws_viewer_config stored; /* as in the file */
	char *path, *key_path;
	bool homeless; /* path is "" although nobody wished it so */
	struct hws_peers_file peers_file;
	struct hws_known_peers peers;
};

static char *default_path(void)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char buf[4096];
	int r;

	if (base && base[0] == '/')
		r = hws_fmt(buf, sizeof(buf), "%s/hawser/hawser.conf", base);
	else if (home && home[0] == '/')
		r = hws_fmt(buf, sizeof(buf), "%s/.config/hawser/hawser.conf", home);
	else
		r = hws_str_copy(buf, sizeof(buf), "");
	return r < 0 ? NULL : hws_strdup(buf);
}

/* A file beside the configuration; "" when there is none. */
static char *beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	char buf[4200];

	if (!*path)
		return hws_strdup("");
	if (hws_fmt(buf, sizeof(buf), "%.*s%s", slash ? (int)(slash - path + 1) : 0, path, name) <
			0)
		return NULL;
	return hws_strdup(buf);
}

void hws_view_settings_free(struct hws_view_settings *s)
{
	if (!s)
		return;
	hws_options_done(&options, &s->config);
	hws_options_done(&options, &s->stored);
	hws_known_peers_done(&s->peers);
	hws_free(s->path);
	hws_free(s->peers_file.path);
	hws_free(s->key_path);
	hws_free(s);
}

const struct hws_viewer_config *hws_view_settings_config(const struct hws_view_settings *s)
{
	return &s->config;
}

const char *hws_view_settings_path(const struct hws_view_settings *s)
{
	return s->path;
}

int hws_view_settings_get(
		const struct hws_view_settings *s, const char *name, char *buf, size_t size)
{
	return hws_options_get(&options, &s->config, name, buf, size);
}

static const struct hws_option *find(const char *name)
{
	for (size_t i = 0; i < HWS_COUNT(table); i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

static bool is_one_of(const char *value, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(value, *list) == 0)
			return true;
	return false;
}

/* One line that a dialog or a log can show, and that comes back from the file as it was. */
static bool is_plain(const char *value)
{
	size_t len = strlen(value);

	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return hws_utf8_valid(hws_bytes_str(value)) &&
			!(len > 0 && (value[0] == ' ' || value[len - 1] == ' '));
}

static bool is_proxy(const char *url, const char *user, const char *password)
{
	struct hws_proxy proxy;
	bool good = hws_proxy_set(url, user, password, &proxy) == HWS_OK;

	hws_wipe(&proxy, sizeof(proxy));
	return good;
}

static bool is_api(const char *url)
{
	char api[HWS_ACCOUNT_API_TEXT];
	bool plain;

	return hws_account_api_take(url, api, sizeof(api), &plain) == HWS_OK;
}

/* NULL: fine; else what it must be. */
static const char *what_is_wrong(const char *name, const char *value)
{
	static const char *const qualities[] = { "best", "balanced", "low", NULL };
	static const char *const chromas[] = { "auto", "420", "444", NULL };
	bool is_text = hws_str_equal(name, "id") || hws_str_equal(name, "name");

	if (strlen(value) >= VALUE_MAX)
		return "is too long for a line of the file";
	if (hws_str_equal(name, "server") && !hws_server_list_is(value))
		return "must be HOST, HOST:PORT or a ws:// or wss:// URL, like id.example.com, or up to "
		       "eight of them, all different, with commas between; ?key=KEY may stand behind one";
	if (hws_str_equal(name, "key") && !hws_server_list_are_keys(value))
		return "is not a server key; copy the one line of the server's id_ed25519.pub (44 "
		       "characters), or of several servers such lines with commas between";
	if (hws_str_equal(name, "api-server") && *value && !is_api(value))
		return "must be https:// or http://HOST[:PORT], perhaps with a path";
	if (is_text && strlen(value) > NAME_BYTES_MAX)
		return "must have at most 128 bytes";
	if (hws_str_equal(name, "proxy-url") && !is_proxy(value, "", ""))
		return "must be socks5://, http:// or https://HOST[:PORT]; name and password are set by "
		       "proxy-username and proxy-password";
	if ((hws_str_equal(name, "proxy-username") && !is_proxy("socks5://h", value, "x")) ||
			(hws_str_equal(name, "proxy-password") &&
					!is_proxy("socks5://h", "x", value)))
		return "is too long for a proxy";
	if (hws_str_equal(name, "recording-folder") && *value && *value != '/')
		return "must be a path that begins with /";
	if (hws_str_equal(name, "quality") && !is_one_of(value, qualities))
		return "must be best, balanced or low";
	if (hws_str_equal(name, "chroma") && !is_one_of(value, chromas))
		return "must be auto, 420 or 444";
	if (hws_str_equal(name, "hardware-codecs") && !hws_str_equal(value, "auto") &&
			!hws_str_equal(value, "off") &&
			(*value != '/' || strlen(value) > 100 || strchr(value, ' ')))
		return "must be auto, off or the path of a device";
	return NULL;
}

static int check_codec(const char *value, struct hws_error *err)
{
	char words[128] = "auto";
	size_t len = strlen(words);
	uint32_t left = hws_codecs_decodable();

	for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_COUNT; c++) {
		if (!(left & HWS_CODEC_BIT(c)))
			continue;
		if (hws_str_equal(hws_codec_name(c), value))
			return HWS_OK;
		left &= ~HWS_CODEC_BIT(c);
		if (hws_fmt(words + len, sizeof(words) - len, "%s%s", left ? ", " : " or ",
				    hws_codec_name(c)) == HWS_OK)
			len += strlen(words + len);
	}
	return hws_str_equal(value, "auto")
			? HWS_OK
			: hws_error_set(err, HWS_ERR_INVAL, "codec must be %s", words);
}

/* What the option table cannot say. */
static int check_value(const char *name, const char *value, struct hws_error *err)
{
	const char *wrong = is_plain(value)
			? what_is_wrong(name, value)
			: "must be one line of UTF-8 text, without blanks around it";

	if (!wrong && hws_str_equal(name, "codec"))
		return check_codec(value, err);
	return wrong ? hws_error_set(err, HWS_ERR_INVAL, "%s %s", name, wrong) : HWS_OK;
}

/* As it stands in the struct: secrets, too. */
static const char *raw_text(const struct hws_viewer_config *c, const struct hws_option *o)
{
	return *(char *const *)((const char *)c + o->offset);
}

/* A file may have been written by hand. */
static int check_all(const struct hws_view_settings *s, struct hws_error *err)
{
	struct hws_error one = { 0 };

	for (size_t i = 0; i < HWS_COUNT(table); i++)
		if (table[i].type == HWS_OPT_STR &&
				check_value(table[i].name, raw_text(&s->stored, &table[i]), &one) <
						0)
			return hws_error_set(err, one.code, "%s: %s", s->path, one.text);
	return HWS_OK;
}

static int load(struct hws_view_settings *s, struct hws_error *err)
{
	struct hws_buf text;
	int r;

	if (!*s->path)
		return HWS_OK;
	hws_buf_init(&text, FILE_MAX);
	r = hws_private_file_read(s->path, HWS_PRIVATE_OWN, &text, err);
	if (r == HWS_OK) {
		r = hws_options_text(&options, &s->config, s->path, hws_buf_bytes(&text), err);
		if (r == HWS_OK)
			r = hws_options_text(
					&options, &s->stored, s->path, hws_buf_bytes(&text), err);
	} else if (r == HWS_ERR_NOTFOUND) {
		r = HWS_OK;
	}
	hws_buf_done(&text);
	if (r == HWS_OK)
		r = check_all(s, err);
	return r < 0 ? r : hws_peers_file_refresh(&s->peers_file, &s->peers, s->stored.server, err);
}

int hws_view_settings_open(const char *path, struct hws_view_settings **ret, struct hws_error *err)
{
	struct hws_view_settings *s = hws_alloc(sizeof(*s));
	int r;

	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	r = hws_options_init(&options, &s->config);
	if (r == HWS_OK)
		r = hws_options_init(&options, &s->stored);
	s->path = path ? hws_strdup(path) : default_path();
	s->homeless = !path && s->path && !*s->path;
	s->peers_file.path = s->path ? beside(s->path, "peers.json") : NULL;
	s->key_path = s->path ? beside(s->path, "viewer_ed25519") : NULL;
	if (r == HWS_OK && (!s->peers_file.path || !s->key_path))
		r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (r == HWS_OK)
		r = load(s, err);
	if (r < 0) {
		hws_view_settings_free(s);
		return r;
	}
	*ret = s;
	return HWS_OK;
}

int hws_view_settings_override(struct hws_view_settings *s, const char *name, const char *value,
		struct hws_error *err)
{
	const struct hws_option *o = find(name);
	int r;

	if (!o)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "there is no option \"%.60s\"", name);
	if (!value || !*value)
		value = o->def;
	r = check_value(name, value, err);
	return r < 0 ? r : hws_options_set(&options, &s->config, name, value, err);
}

/* Only what differs from the defaults, so that later defaults can be better ones. */
static int store(const struct hws_view_settings *s, struct hws_error *err)
{
	struct hws_buf out;
	int r;

	hws_buf_init(&out, FILE_MAX);
	hws_buf_put_str(&out,
			"# hawser: the viewer's settings. `hawser config show` lists all of them.\n");
	for (size_t i = 0; i < HWS_COUNT(table); i++) {
		char now[VALUE_MAX];
		if (table[i].flags & HWS_OPT_SECRET) {
			const char *secret = raw_text(&s->stored, &table[i]);
			if (*secret)
				hws_buf_fmt(&out, "%s = %s\n", table[i].name, secret);
			continue;
		}
		if (hws_options_get(&options, &s->stored, table[i].name, now, sizeof(now)) ==
						HWS_OK &&
				strcmp(now, table[i].def) != 0)
			hws_buf_fmt(&out, "%s = %s\n", table[i].name, now);
	}
	r = hws_buf_err(&out);
	if (r == HWS_OK)
		r = hws_private_file_write(s->path, hws_buf_bytes(&out), HWS_PRIVATE_FOLDERS, err);
	hws_buf_done_wiped(&out);
	return r;
}

/* Puts one value into what is stored and writes it; what could not be written is not kept in
 * memory, either. */
static int change_stored(struct hws_view_settings *s, const struct hws_option *o, const char *value,
		struct hws_error *err)
{
	char flag[8] = "";
	const char *now = o->type == HWS_OPT_STR ? raw_text(&s->stored, o) : flag;
	char *before;
	int r = HWS_OK;

	if (now == flag)
		r = hws_options_get(&options, &s->stored, o->name, flag, sizeof(flag));
	before = hws_strdup(now);
	if (r == HWS_OK && !before)
		r = HWS_ERR_NOMEM;
	if (r == HWS_OK)
		r = hws_options_set(&options, &s->stored, o->name, value, err);
	if (r == HWS_OK && *s->path) {
		r = store(s, err);
		if (r < 0 && hws_options_set(&options, &s->stored, o->name, before, NULL) < 0)
			hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	}
	if (before)
		hws_free_wiped(before, strlen(before));
	return r;
}

int hws_view_settings_set(struct hws_view_settings *s, const char *name, const char *value,
		struct hws_error *err)
{
	const struct hws_option *o = find(name);
	int r;

	if (!o)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "there is no option \"%.60s\"", name);
	if (!value || !*value)
		value = o->def;
	r = check_value(name, value, err);
	if (r == HWS_OK && s->homeless)
		r = hws_error_set(err, HWS_ERR_DISK,
				"there is no place to keep settings in: set HOME or XDG_CONFIG_HOME");
	if (r == HWS_OK)
		r = change_stored(s, o, value, err);
	return r < 0 ? r : hws_options_set(&options, &s->config, name, value, err);
}

void hws_view_settings_show(const struct hws_view_settings *s, struct hws_buf *out)
{
	hws_options_show(&options, &s->config, out);
}

int hws_view_settings_identity(
		const struct hws_view_settings *s, struct hws_identity *ret, struct hws_error *err)
{
	char folder[4200];
	char *slash;
	int r = hws_str_copy(folder, sizeof(folder), s->key_path);

	if (r < 0 || !*s->key_path)
		return hws_error_set(err, HWS_ERR_NOTFOUND,
				"there is no place to keep a key in: set HOME or XDG_CONFIG_HOME");
	slash = strrchr(folder, '/');
	if (slash && slash != folder) {
		*slash = 0;
		r = hws_private_folder_make(folder, err);
	}
	return r < 0 ? r : hws_identity_load_or_create(s->key_path, false, ret, NULL, err);
}

void hws_view_settings_look(struct hws_view_settings *s)
{
	struct hws_error err = { 0 };

	if (hws_peers_file_refresh(&s->peers_file, &s->peers, s->stored.server, &err) < 0)
		hws_warn("peers.not_read", HWS_STR("text", err.text));
}

const struct hws_known_peer *hws_view_settings_peer(
		const struct hws_view_settings *s, const char *target, const char *server)
{
	return hws_known_peers_find(&s->peers, target, server);
}

size_t hws_view_settings_peer_count(const struct hws_view_settings *s)
{
	return s->peers.count;
}

const struct hws_known_peer *hws_view_settings_peer_at(const struct hws_view_settings *s, size_t i)
{
	return i < s->peers.count ? &s->peers.peer[i] : NULL;
}

int hws_view_settings_keep(
		struct hws_view_settings *s, const struct hws_known_peer *peer, bool decided)
{
	return hws_peers_file_keep(&s->peers_file, &s->peers, s->stored.server, peer, decided);
}

int hws_view_settings_forget(struct hws_view_settings *s, const char *target)
{
	return hws_peers_file_forget(&s->peers_file, &s->peers, s->config.server, target);
}
