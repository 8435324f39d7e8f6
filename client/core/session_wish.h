/* core/session_wish: what a viewer opens a session for: the kind, and what its login says of it. A
 * host holds a connection to its first login's wish, so it stays the same from link to link, but
 * for the id of a kept terminal service. Pure; one owner. */
#pragma once
#include "client/core/peer.h"
#include "shared/base/err.h"
#include "shared/wire/session_kind.h"

#define HWS_WISH_TEXT_MAX 4096u

/* Texts may be NULL: none. */
struct hws_session_wish {
	enum hws_session_kind kind;
	const char *dir; /* FILE: listed first; none: the home directory */
	bool show_hidden;
	const char *service_id;   /* TERMINAL: of kept shells; none: new ones */
	const char *forward_host; /* FORWARD: as the host resolves it; none: the host itself */
	uint16_t forward_port;
	bool rdp; /* FORWARD: for a remote desktop program; only rendezvous servers care */
	/* Another account of the host, where it offers that. The password is wiped when the wish
	 * is. */
	const char *os_username, *os_password_secret;
};

/* Copies with all texts. HWS_ERR_TOOBIG: one is longer than HWS_WISH_TEXT_MAX. On failure `to` is
 * empty. */
int hws_session_wish_copy(
		const struct hws_session_wish *from, struct hws_session_wish *to) HWS_MUST_CHECK;
/* Of a copy. */
void hws_session_wish_done(struct hws_session_wish *w);
/* Replaces one text of a copy: `at` is one of its members. */
int hws_session_wish_set(const char **at, const char *text) HWS_MUST_CHECK;

/* The members of a login, which point into themselves: do not copy them. */
struct hws_session_wish_login {
	Ses__FileTransfer file;
	Ses__PortForward forward;
	Ses__ViewCamera camera;
	Ses__Terminal terminal;
	Ses__OSLogin os;
};

/* Puts the wish into a login. Borrows all three until that is packed. */
void hws_session_wish_put(const struct hws_session_wish *w, struct hws_session_wish_login *room,
		Ses__LoginRequest *lr);
/* Why a host that let us in cannot serve the wish: a whole sentence, and an enum hws_err; NULL when
 * it can. */
const char *hws_session_wish_unmet(
		const struct hws_session_wish *w, const Ses__PeerInfo *info, int *ret_err);
