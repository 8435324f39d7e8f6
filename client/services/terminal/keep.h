/* terminal/keep: the terminals of the host, in groups: what the protocol calls a service, with an
 * id that a viewer comes back with. A group belongs to the viewer key that it was made with, where
 * there was one. Terminals live on without a viewer: for ten minutes after a cut of a line between
 * hawser ends, and so long as the owner of the host allows where the viewer asked for it. Loop
 * thread only. */
#pragma once
#include "client/services/host_service.h"
#include "client/services/terminal/shell.h"

#define HWS_KEEP_ID 64u
#define HWS_KEEP_GROUPS_MAX 64u
#define HWS_KEEP_GRACE_US (10ull * 60 * 1000000)
#define HWS_KEEP_EMPTY_US (2ull * 3600 * 1000000)

struct hws_keep_group {
	struct hws_list node;
	struct hws_keep *k;
	char id[HWS_KEEP_ID];
	uint8_t key[32];
	bool has_key;
	bool persistent; /* the viewer wants its terminals kept */
	bool extended;   /* made by a hawser viewer */
	struct hws_list shells;
	unsigned viewers;
	uint64_t left_us; /* when the last viewer left */
};

struct hws_keep {
	const struct hws_host_env *env;
	struct hws_ptys *ptys, *own; /* own: NULL where the desktop has given them */
	struct hws_list groups;
	unsigned group_count, shell_count;
	struct hws_timer sweep;
};

int hws_keep_init(struct hws_keep *k, const struct hws_host_env *env) HWS_MUST_CHECK;
/* Ends all terminals. */
void hws_keep_done(struct hws_keep *k);

/* The group of this id, or a new one: of this id where it cannot have been guessed (ts_ and a
 * UUID), else of a fresh one. HWS_ERR_DENIED: it belongs to another viewer; HWS_ERR_FULL. */
int hws_keep_enter(struct hws_keep *k, const struct hws_host_viewer *v, const char *id,
		struct hws_keep_group **ret) HWS_MUST_CHECK;
/* The viewer has gone: by itself, or its link. Frees what is not kept. */
void hws_keep_leave(struct hws_keep_group *g, struct hws_host_viewer *v);
/* Ends all terminals that this viewer sees. */
void hws_keep_end_all(struct hws_keep_group *g, struct hws_host_viewer *v);

struct hws_shell *hws_keep_find(struct hws_keep_group *g, int32_t id);
/* The one of the lowest id that `v` does not see; NULL: there is none. */
struct hws_shell *hws_keep_lowest(struct hws_keep_group *g, const struct hws_host_viewer *v);
/* conf->id, argv and so on say which; the rest is filled in here. HWS_ERR_FULL: too many. */
int hws_keep_open(struct hws_keep_group *g, const struct hws_host_viewer *v,
		struct hws_shell_conf *conf, struct hws_shell **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Ends it and forgets it; the viewer that sees it is told by `code`. */
void hws_keep_close(struct hws_shell *s, int code);
