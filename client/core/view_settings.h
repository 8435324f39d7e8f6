/* core/view_settings: the viewer's configuration file and what it remembers of hosts. Both live in
 * one folder: hawser.conf (INI) and peers.json, mode 0600, replaced atomically. One thread at a
 * time. */
#pragma once
#include "client/core/peers_file.h"
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <stdbool.h>

struct hws_viewer_config {
	char *server, *key; /* rendezvous server and its public key; "" = none */
	char *api_server;   /* where accounts are; "" = at the rendezvous server */
	char *id, *name;    /* what hosts are shown; "" = of this machine and user */
	bool force_relay, keep_path, require_v2;
	char *proxy_url, *proxy_user, *proxy_password_secret; /* "" = none */
	char *quality, *codec, *chroma;
	char *hardware_codecs;  /* "auto", "off" or the path of a device */
	int record;             /* enum hws_record_policy */
	char *recording_folder; /* "" = Videos/hawser at home */
};

enum hws_record_policy { HWS_RECORD_ASK, HWS_RECORD_ALWAYS, HWS_RECORD_NEVER };

struct hws_view_settings;

/* `path`: of the INI file; NULL = $XDG_CONFIG_HOME/hawser/hawser.conf or ~/.config/...; "" =
 * nothing is read or kept. A missing file is fine; a wrong one, or one others may write, is not. */
int hws_view_settings_open(const char *path, struct hws_view_settings **ret,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_view_settings_free(struct hws_view_settings *s); /* takes NULL */
const struct hws_viewer_config *hws_view_settings_config(const struct hws_view_settings *s);
const char *hws_view_settings_path(const struct hws_view_settings *s); /* "" = none */
int hws_view_settings_get(const struct hws_view_settings *s, const char *name, char *buf,
		size_t size) HWS_MUST_CHECK;
/* Checks, sets, writes the file; nothing is changed when any of it fails. NULL or "" = the default.
 * HWS_ERR_DISK: also when no path was given and there is no home to keep a file in. */
int hws_view_settings_set(struct hws_view_settings *s, const char *name, const char *value,
		struct hws_error *err) HWS_MUST_CHECK;
/* Sets without writing. */
int hws_view_settings_override(struct hws_view_settings *s, const char *name, const char *value,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_view_settings_show(const struct hws_view_settings *s, struct hws_buf *out);

/* The key that tells hosts which viewer this is, beside the file, made when it is asked for first.
 * HWS_ERR_NOTFOUND: nothing is kept. `ret` is a secret. */
int hws_view_settings_identity(const struct hws_view_settings *s, struct hws_identity *ret,
		struct hws_error *err) HWS_MUST_CHECK;

/* Reads again what another program has changed in the list of hosts. Where that is damaged now,
 * what is known stays. */
void hws_view_settings_look(struct hws_view_settings *s);
/* NULL when unknown; borrows until the next change or look. `server`: where an ID is looked up
 * that names none, as hws_known_peers_find. */
const struct hws_known_peer *hws_view_settings_peer(
		const struct hws_view_settings *s, const char *target, const char *server);
size_t hws_view_settings_peer_count(const struct hws_view_settings *s);
/* Newest first. */
const struct hws_known_peer *hws_view_settings_peer_at(const struct hws_view_settings *s, size_t i);
/* Adds or replaces by target and server, and writes, as hws_peers_file_keep says. When there are
 * too many an old one goes, as hws_known_peers_put says. */
int hws_view_settings_keep(struct hws_view_settings *s, const struct hws_known_peer *peer,
		bool decided) HWS_MUST_CHECK;
/* An ID without a server is one of the configured server. HWS_ERR_NOTFOUND. */
int hws_view_settings_forget(struct hws_view_settings *s, const char *target) HWS_MUST_CHECK;
