/* host/settings: everything an operator may set for hawser-host, from one table. */
#pragma once
#include "client/host/vault.h"
#include "shared/conf/option.h"
#include "shared/net/addr.h"

#define HWS_ROOTS_MAX 32u
#define HWS_SERVICE_TEXTS_MAX 12000u
#define HWS_ACCOUNT_MAX 64u /* a longer name is no account's */

enum hws_tristate { HWS_AUTO, HWS_YES, HWS_NO };
enum hws_clipboard_direction {
	HWS_CLIPBOARD_BOTH,
	HWS_CLIPBOARD_TO_HOST,
	HWS_CLIPBOARD_FROM_HOST,
	HWS_CLIPBOARD_OFF
};
/* Somebody else comes to a desktop that a viewer controls. */
enum hws_second_viewer {
	HWS_SECOND_SHARE,
	HWS_SECOND_ASK,       /* it is told so, and takes over when it comes again soon */
	HWS_SECOND_TAKE_OVER, /* at once */
	HWS_SECOND_REFUSE
};
/* What the API server may set here (host/managed). */
enum hws_strategies { HWS_STRATEGIES_OFF, HWS_STRATEGIES_NARROW, HWS_STRATEGIES_ON };
enum hws_access_mode { HWS_ACCESS_CUSTOM, HWS_ACCESS_FULL, HWS_ACCESS_VIEW };

struct hws_settings {
	char *config, *state_dir, *control_socket;
	int log_level, log_format;
	/* reaching the host */
	char *server, *key, *relay;
	bool disable_udp, allow_websocket;
	char *proxy_url, *proxy_user, *proxy_password_secret;
	int direct_server; /* enum hws_tristate */
	uint16_t direct_port, lan_port;
	char *direct_bind;
	bool map_ports;
	char *api_server; /* "": nothing is reported */
	int strategies;   /* enum hws_strategies */
	/* the desktop */
	char *display, *backend, *desktop_user, *gate_user;
	char *service_user; /* "": desktop_user */
	bool notify;
	bool exact_text;
	char *hardware_codecs; /* "auto", "off" or the path of a device */
	char *camera_size;     /* "": as each camera can */
	uint32_t camera_fps;
	/* files, terminals, tunnels: see host_service.h */
	char *files_roots, *tunnel_targets, *tunnel_listen;
	int files_access; /* enum hws_files_access */
	uint32_t tunnel_streams, terminal_max;
	uint64_t terminal_keep_us;
	int voice_call;    /* enum hws_voice_call */
	int second_viewer; /* enum hws_second_viewer */
	int voice_into;    /* 0: loudspeakers, 1: what programs hear as their microphone */
	/* recordings of what viewers are sent */
	bool record_incoming;
	char *recording_folder;
	uint64_t recording_keep_us, recording_max_bytes;
	/* who gets in */
	int approve_mode, verification;
	int temporary_length;
	bool temporary_digits, temporary_weak;
	char *whitelist, *id_whitelist, *viewer_keys;
	bool require_v2;
	bool trust_server_addresses, only_known_relays;
	uint64_t resolve_every_us;
	int require_server_proof; /* enum hws_tristate */
	int require_encryption;   /* enum hws_tristate */
	uint32_t max_connections, max_per_address;
	uint64_t login_timeout_us;
	bool sandbox;
	char *restart_command, *viewer_command; /* programs; "" = the usual ones */
	int role;                               /* of an agent: enum hws_agent_role */
	/* what they may do */
	int access_mode;
	int clipboard_direction; /* enum hws_clipboard_direction */
	bool one_way_clipboard;
	bool keyboard, clipboard, audio, file, camera, terminal, tunnel, restart, recording,
			block_input, privacy_mode, printer;
};

extern const struct hws_options hws_settings_options;

/* Defaults, file, environment, arguments; checks what single values cannot tell. `ret_rest` as
 * hws_options_args. With `may_make` a file that is named may be missing: it is to be made. */
int hws_settings_load(struct hws_settings *s, int argc, char **argv, bool may_make, int *ret_rest,
		struct hws_error *err) HWS_MUST_CHECK;
/* The back-end of the camera agent, with what the owner wishes of the cameras. HWS_ERR_INVAL: that
 * is no size. `size` 0: only looks. */
#define HWS_CAMERA_BACKEND_MAX 64u
int hws_settings_camera(const struct hws_settings *s, char *buf, size_t size,
		struct hws_error *err) HWS_MUST_CHECK;
/* What single values cannot tell: whether they fit together, and whether texts can be parsed. `err`
 * says what is wrong. */
int hws_settings_check(const struct hws_settings *s, struct hws_error *err) HWS_MUST_CHECK;
void hws_settings_done(struct hws_settings *s);
/* What viewers may do (HWS_NEED bits): what the owner's settings allow, less what `server_map`
 * denies (the ControlPermissions that a rendezvous server attached, 0 = nothing). An ALLOW of the
 * server adds nothing: it cannot open what the owner has closed. */
uint32_t hws_settings_permissions(const struct hws_settings *s, uint64_t server_map);
/* Whether what viewers copy comes to this desktop, and the other way round; files included. */
bool hws_settings_clip_to_host(const struct hws_settings *s);
bool hws_settings_clip_from_host(const struct hws_settings *s);
/* When hostd runs as root: the account that files and terminals are served as; "" = none is set. */
const char *hws_settings_account(const struct hws_settings *s);
void hws_settings_vault(const struct hws_settings *s, struct hws_vault_conf *ret);
bool hws_settings_direct(const struct hws_settings *s);
/* Whether a viewer may go on without encryption. Deployed ones cannot encrypt direct connections,
 * but all others. */
bool hws_settings_plaintext(const struct hws_settings *s, bool direct);
/* Where the state and the control socket are. `make`: the folders are made if needed. */
int hws_settings_paths(struct hws_settings *s, bool make, struct hws_error *err) HWS_MUST_CHECK;
/* Changes one value in the configuration file, and nothing else of it; NULL takes it out, so that
 * the default is in force again. The file is made if needed (0600). HWS_ERR_INVAL, _RANGE,
 * _NOTFOUND and the like: name or value is wrong. */
int hws_settings_store(const struct hws_settings *s, const char *name, const char *value,
		struct hws_error *err) HWS_MUST_CHECK;
