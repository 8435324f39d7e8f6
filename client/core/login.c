/* Passwords and refusals. Deployed hosts tell by text why they refuse, so the meaning of each
 * text is kept in one table. */
#include "client/core/login.h"
#include "client/core/readable_text.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

void hws_login_init(struct hws_login *l)
{
	*l = (struct hws_login){ 0 };
}

/* `password` may be NULL: none. */
static int replace(char **secret, const char *password)
{
	char *copy = NULL;

	if (password) {
		if (strlen(password) > HWS_PASSWORD_MAX)
			return HWS_ERR_TOOBIG;
		copy = hws_strdup(password);
		if (!copy)
			return HWS_ERR_NOMEM;
	}
	if (*secret)
		hws_free_wiped(*secret, strlen(*secret));
	*secret = copy;
	return HWS_OK;
}

static void forget(char **secret)
{
	if (replace(secret, NULL) < 0)
		return; /* only copies fail */
}

void hws_login_done(struct hws_login *l)
{
	forget(&l->preset_secret);
	forget(&l->next_secret);
	hws_wipe(l, sizeof(*l));
}

int hws_login_preset(struct hws_login *l, const char *password)
{
	int r = replace(&l->preset_secret, password);

	if (r == HWS_OK)
		l->preset_refused = false;
	return r;
}

int hws_login_remembered(struct hws_login *l, const uint8_t h1_secret[HWS_H1_LEN], const char *salt)
{
	int r = hws_str_copy(l->h1_salt, sizeof(l->h1_salt), salt);

	l->has_h1 = l->remembered = r == HWS_OK;
	if (l->has_h1)
		memcpy(l->h1_secret, h1_secret, HWS_H1_LEN);
	return r;
}

void hws_login_learn(struct hws_login *l, const struct hws_login *from)
{
	if (!from->has_h1)
		return;
	l->has_h1 = true;
	l->remembered = from->remembered;
	memcpy(l->h1_secret, from->h1_secret, sizeof(l->h1_secret));
	memcpy(l->h1_salt, from->h1_salt, sizeof(l->h1_salt));
}

void hws_login_remembered_pake(struct hws_login *l, const struct hws_pake_stretched *s)
{
	hws_login_pake_keep(&l->pake, s);
	l->remembered = true;
}

int hws_login_hash(struct hws_login *l, const char *salt, const char *challenge)
{
	if (strlen(salt) > HWS_SALT_MAX || strlen(challenge) > HWS_CHALLENGE_MAX)
		return HWS_ERR_TOOBIG;
	snprintf(l->salt, sizeof(l->salt), "%s", salt);
	snprintf(l->challenge, sizeof(l->challenge), "%s", challenge);
	l->has_hash = true;
	return HWS_OK;
}

static void make_h1(struct hws_login *l, const char *password)
{
	hws_password_h1(hws_bytes_str(password), l->salt, l->h1_secret);
	snprintf(l->h1_salt, sizeof(l->h1_salt), "%s", l->salt);
	l->has_h1 = true;
	l->remembered = false;
	hws_login_pake_forget(&l->pake);
}

int hws_login_typed(struct hws_login *l, const char *password)
{
	if (strlen(password) > HWS_PASSWORD_MAX)
		return HWS_ERR_TOOBIG;
	if (!l->has_hash)
		return HWS_ERR_AGAIN;
	make_h1(l, password);
	return HWS_OK;
}

int hws_login_later(struct hws_login *l, const char *password)
{
	return replace(&l->next_secret, password);
}

bool hws_login_take_later(struct hws_login *l)
{
	if (!l->next_secret || !l->has_hash)
		return false;
	make_h1(l, l->next_secret);
	forget(&l->next_secret);
	return true;
}

void hws_login_accepted(struct hws_login *l)
{
	forget(&l->next_secret);
}

const uint8_t *hws_login_h1(struct hws_login *l)
{
	/* A host that was set up anew has another salt; what was remembered proves nothing then. */
	if (l->has_h1 && strcmp(l->h1_salt, l->salt) != 0)
		l->has_h1 = false;
	if (l->has_hash && !l->has_h1 && l->preset_secret && !l->preset_refused)
		make_h1(l, l->preset_secret);
	return l->has_hash && l->has_h1 ? l->h1_secret : NULL;
}

bool hws_login_can_prove(struct hws_login *l)
{
	return l->pake.offer_count > 0 && (hws_login_h1(l) || hws_login_pake_ready(&l->pake));
}

bool hws_login_proof(struct hws_login *l, uint8_t ret[HWS_PROOF_LEN])
{
	const uint8_t *h1 = hws_login_h1(l);

	if (h1)
		hws_password_proof(h1, l->challenge, ret);
	return h1 != NULL;
}

void hws_login_refused(struct hws_login *l)
{
	hws_wipe(l->h1_secret, sizeof(l->h1_secret));
	hws_login_pake_forget(&l->pake);
	l->has_h1 = l->remembered = false;
	l->preset_refused = true;
}

struct verdict {
	const char *text; /* as hosts send it */
	enum hws_login_step step;
	int err;
	const char *sentence; /* what it means and what to do; NULL = the peer's text itself */
};

/* Exact texts first, in the order of the protocol's catalogue. */
static const struct verdict exact[] = {
	{ "Empty Password", HWS_LOGIN_ASK, 0, NULL },
	{ "Wrong Password", HWS_LOGIN_ASK_AGAIN, 0, NULL },
	{ "2FA Required", HWS_LOGIN_CODE, 0, NULL },
	{ "Wrong 2FA Code", HWS_LOGIN_CODE_AGAIN, 0, NULL },
	{ "No Password Access", HWS_LOGIN_WAIT, 0, NULL },
	{ "Offline", HWS_LOGIN_END, HWS_ERR_OFFLINE,
			"the host at this address has another ID than the one asked for; check the address" },
	{ "Your ip is blocked by the peer", HWS_LOGIN_END, HWS_ERR_DENIED,
			"the host's address white list does not contain this machine; ask its owner to add it" },
	{ "Your ID is blocked by the peer", HWS_LOGIN_END, HWS_ERR_DENIED,
			"the host's ID white list does not contain this viewer; ask its owner to add it" },
	{ "The main window is not open", HWS_LOGIN_END, HWS_ERR_DENIED,
			"the host accepts connections only while its window is open; ask its owner to open it" },
	{ "Someone turns on privacy mode, exit", HWS_LOGIN_END, HWS_ERR_BUSY,
			"somebody else has privacy mode on at the host; try again later" },
	{ "Connection not allowed", HWS_LOGIN_END, HWS_ERR_DENIED,
			"the host does not allow this connection; ask its owner" },
	{ "Please try 1 minute later", HWS_LOGIN_END, HWS_ERR_DENIED,
			"too many wrong passwords; the host takes no more for a minute: wait, then try again" },
	{ "Terminal service user mismatch detected.", HWS_LOGIN_END, HWS_ERR_DENIED,
			"the kept terminals at the host belong to another account than the one asked for now; "
			"begin new ones, or name the same account as before" },
	{ "Incorrect username or password.", HWS_LOGIN_END, HWS_ERR_PASSWORD,
			"the name or the password of the account at the host is wrong" },
	{ "Supported only in the installed version.", HWS_LOGIN_END, HWS_ERR_UNSUPPORTED,
			"the host gives terminals of another account only when its program is installed, not "
			"just started; install it there" },
	{ "Wayland login screen is not supported", HWS_LOGIN_END, HWS_ERR_DISPLAY,
			"the host shows a Wayland login screen, which cannot be viewed; log in at the machine "
			"or let it use X11" },
};

/* Then beginnings. */
static const struct verdict begins[] = {
	{ "Too many wrong attempts", HWS_LOGIN_END, HWS_ERR_DENIED,
			"too many wrong passwords came from this address. A host of hawser takes one more each "
			"ten minutes, others none until they are started again; or connect from another "
			"address" },
	/* Our own hosts. */
	{ "The host does not know the key of your viewer", HWS_LOGIN_END, HWS_ERR_DENIED,
			"the host lets in only viewers whose key it knows; give its owner what `hawser viewer-key` "
			"prints" },
	{ "The host lets in only viewers whose key it knows", HWS_LOGIN_END, HWS_ERR_DENIED,
			"the host lets in only viewers whose key it knows; give its owner what `hawser viewer-key` "
			"prints" },
	{ "No permission of ", HWS_LOGIN_END, HWS_ERR_DENIED,
			"the host does not permit this kind of session; ask its owner to switch it on" },
	{ "No active console user logged on", HWS_LOGIN_END, HWS_ERR_DISPLAY,
			"nobody is logged on at the host's console, and it serves only such a user: log on "
			"there first, then connect again" },
	/* Of a tunnel: the host says which address. */
	{ "Failed to access remote ", HWS_LOGIN_END, HWS_ERR_UNREACHABLE, NULL },
	/* Our own hosts: it is being started, most likely again. */
	{ "The host has no usable display", HWS_LOGIN_END, HWS_ERR_DISPLAY, NULL },
	{ "The desktop ", HWS_LOGIN_END, HWS_ERR_DISPLAY, NULL },
	{ "No Displays", HWS_LOGIN_END, HWS_ERR_DISPLAY,
			"the host has no display; connect a monitor or start a virtual one" },
};

enum hws_login_step hws_login_verdict(const char *error, int *ret_err, char *text, size_t size)
{
	const struct verdict *v = NULL;
	char peer[200];

	for (size_t i = 0; i < HWS_COUNT(exact) && !v; i++)
		if (strcmp(error, exact[i].text) == 0)
			v = &exact[i];
	for (size_t i = 0; i < HWS_COUNT(begins) && !v; i++)
		if (strncasecmp(error, begins[i].text, strlen(begins[i].text)) == 0)
			v = &begins[i];
	hws_readable_text(peer, sizeof(peer), hws_bytes_str(error));
	*ret_err = v ? v->err : strcasestr(error, "x11") ? HWS_ERR_DISPLAY : HWS_ERR_DENIED;
	if (v && v->sentence)
		snprintf(text, size, "%s", v->sentence);
	else if (hws_str_starts(peer, "The host cannot serve this: ")) /* a sentence of its own */
		snprintf(text, size, "%s", peer);
	else
		snprintf(text, size, "the host refused the login: %s", peer);
	return v ? v->step : HWS_LOGIN_END;
}
