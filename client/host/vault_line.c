/* The line in which the host keeps its permanent password. It is read by hand, since a password
 * that is lost through a slip here locks an owner out of a machine far away. */
#include "client/host/vault.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <string.h>

/* v2 SALT H1|- OPS MEMORY_KIB SALT-OF-THE-VERIFIER W0 L; before that the line was SALT H1. */
#define HEAD "v2"
#define WORDS 8u
#define KEY_HEX (2 * 32 + 1)

int hws_vault_line(const struct hws_vault_permanent *p, char *buf, size_t size)
{
	const struct hws_pake_verifier *v = &p->verifier_secret;
	char h1[HWS_H1_STORED_TEXT] = "-", salt[2 * HWS_PAKE_SALT_LEN + 1], w0[KEY_HEX], l[KEY_HEX];
	int r;

	if (p->has_h1)
		hws_password_store(p->h1_secret, h1);
	if (!p->has_verifier)
		return p->has_h1 ? hws_fmt(buf, size, "%s %s", p->salt, h1) : HWS_ERR_INVAL;
	r = hws_hex_encode(hws_bytes(v->cost.salt, sizeof(v->cost.salt)), salt, sizeof(salt));
	if (r == HWS_OK)
		r = hws_hex_encode(hws_bytes(v->w0_secret, 32), w0, sizeof(w0));
	if (r == HWS_OK)
		r = hws_hex_encode(hws_bytes(v->l_secret, 32), l, sizeof(l));
	if (r == HWS_OK)
		r = hws_fmt(buf, size, HEAD " %s %s %u %u %s %s %s", p->salt, h1, v->cost.ops,
				v->cost.memory_kib, salt, w0, l);
	hws_wipe(h1, sizeof(h1));
	hws_wipe(w0, sizeof(w0));
	hws_wipe(l, sizeof(l));
	return r;
}

static unsigned split(char *line, char *word[WORDS])
{
	unsigned n = 0;

	for (; n < WORDS; n++) {
		word[n] = line;
		line = strchr(line, ' ');
		if (!line)
			return n + 1;
		*line++ = 0;
	}
	return n + 1; /* one too many */
}

static int take_h1(struct hws_vault_permanent *p, const char *salt, const char *stored)
{
	if (strlen(salt) != HWS_SALT_TEXT - 1 || hws_str_copy(p->salt, sizeof(p->salt), salt) < 0)
		return HWS_ERR_CORRUPT;
	if (hws_str_equal(stored, "-"))
		return HWS_OK;
	p->has_h1 = true;
	return hws_password_load(stored, p->h1_secret);
}

static int take_verifier(struct hws_vault_permanent *p, char *const word[WORDS])
{
	struct hws_pake_verifier *v = &p->verifier_secret;

	if (hws_parse_u32(word[3], &v->cost.ops) < 0 ||
			hws_parse_u32(word[4], &v->cost.memory_kib) < 0 ||
			strlen(word[5]) != 2 * sizeof(v->cost.salt) ||
			strlen(word[6]) != 2 * sizeof(v->w0_secret) ||
			strlen(word[7]) != 2 * sizeof(v->l_secret) ||
			hws_hex_decode(word[5], v->cost.salt, sizeof(v->cost.salt)) < 0 ||
			hws_hex_decode(word[6], v->w0_secret, sizeof(v->w0_secret)) < 0 ||
			hws_hex_decode(word[7], v->l_secret, sizeof(v->l_secret)) < 0 ||
			hws_pake_cost_check(&v->cost, HWS_PAKE_PERMANENT) < 0)
		return HWS_ERR_CORRUPT;
	p->has_verifier = true;
	return HWS_OK;
}

int hws_vault_parse(char *line, struct hws_vault_permanent *ret)
{
	char *word[WORDS];
	unsigned n = split(line, word);
	int r = HWS_ERR_CORRUPT;

	memset(ret, 0, sizeof(*ret));
	if (n == 2 && !hws_str_equal(word[1], "-")) {
		r = take_h1(ret, word[0], word[1]);
	} else if (n == WORDS && hws_str_equal(word[0], HEAD)) {
		r = take_h1(ret, word[1], word[2]);
		if (r == HWS_OK)
			r = take_verifier(ret, word);
	}
	if (r < 0)
		hws_wipe(ret, sizeof(*ret));
	return r;
}
