/* SPAKE2+ over ristretto255, written after RFC 9383 with the host's share first, since the host
 * speaks first on this wire. M and N are hashed to, so nobody knows their logarithms. */
#include "shared/crypto/pake.h"

#include "shared/base/mem.h"
#include "shared/crypto/hash.h"
#include "shared/crypto/transcript.h"
#include <sodium.h>

#define POINT crypto_core_ristretto255_BYTES
#define SCALAR crypto_core_ristretto255_SCALARBYTES
#define W_LEN (2 * crypto_core_ristretto255_NONREDUCEDSCALARBYTES)

_Static_assert(HWS_PAKE_SHARE_LEN == POINT, "wire format");
_Static_assert(HWS_PAKE_SALT_LEN == crypto_pwhash_SALTBYTES, "wire format");

/* --- points --- */

static void constant(const char *label, uint8_t ret[POINT])
{
	uint8_t h[HWS_DIGEST512_LEN];

	hws_digest512(label, NULL, 0, h);
	crypto_core_ristretto255_from_hash(ret, h);
}

static void point_m(uint8_t ret[POINT])
{
	constant("hawser spake2+ M", ret);
}

static void point_n(uint8_t ret[POINT])
{
	constant("hawser spake2+ N", ret);
}

/* ret = s*G + w0*C: a share. */
static int blind(const uint8_t s[SCALAR], const uint8_t w0[SCALAR], const uint8_t c[POINT],
		uint8_t ret[POINT])
{
	uint8_t a[POINT], b[POINT];

	if (crypto_scalarmult_ristretto255_base(a, s) != 0 ||
			crypto_scalarmult_ristretto255(b, w0, c) != 0 ||
			crypto_core_ristretto255_add(ret, a, b) != 0)
		return HWS_ERR_CRYPTO;
	return HWS_OK;
}

/* ret = share - w0*C. A share that is no point, or the neutral element, is refused. */
static int unblind(struct hws_bytes share, const uint8_t w0[SCALAR], const uint8_t c[POINT],
		uint8_t ret[POINT])
{
	uint8_t b[POINT];

	if (share.len != POINT || !crypto_core_ristretto255_is_valid_point(share.ptr) ||
			sodium_is_zero(share.ptr, POINT))
		return HWS_ERR_CRYPTO;
	if (crypto_scalarmult_ristretto255(b, w0, c) != 0 ||
			crypto_core_ristretto255_sub(ret, share.ptr, b) != 0 ||
			sodium_is_zero(ret, POINT))
		return HWS_ERR_CRYPTO;
	return HWS_OK;
}

/* --- what both compute at the end --- */

struct sides {
	uint8_t x[POINT], y[POINT]; /* shares */
	uint8_t z_secret[POINT], v_secret[POINT];
};

static void confirmations(const struct hws_pake_context *context, const struct sides *s,
		const uint8_t w0[SCALAR], uint8_t ret_viewer[HWS_PAKE_CONFIRM_LEN],
		uint8_t ret_host[HWS_PAKE_CONFIRM_LEN])
{
	uint8_t k[HWS_DIGEST512_LEN], m[POINT], n[POINT];
	const uint8_t kind[4] = { (uint8_t)context->kind };
	const struct hws_bytes parts[] = {
		hws_bytes(context->binding, 32),
		hws_bytes(context->host_pk, 32),
		hws_bytes(kind, sizeof(kind)),
		hws_bytes(m, POINT),
		hws_bytes(n, POINT),
		hws_bytes(s->x, POINT),
		hws_bytes(s->y, POINT),
		hws_bytes(s->z_secret, POINT),
		hws_bytes(s->v_secret, POINT),
		hws_bytes(w0, SCALAR),
	};

	point_m(m);
	point_n(n);
	hws_digest512("hawser spake2+", parts, sizeof(parts) / sizeof(parts[0]), k);
	hws_digest_keyed(k, "viewer", &(struct hws_bytes){ s->y, POINT }, 1, ret_viewer);
	hws_digest_keyed(k + 32, "host", &(struct hws_bytes){ s->x, POINT }, 1, ret_host);
	hws_wipe(k, sizeof(k));
}

/* --- from the password --- */

int hws_pake_cost_check(const struct hws_pake_cost *cost, enum hws_pake_kind kind)
{
	if (kind == HWS_PAKE_TEMPORARY && cost->ops == 0)
		return HWS_OK;
	if (cost->ops < 1 || cost->ops > HWS_PAKE_OPS_MAX ||
			cost->memory_kib < HWS_PAKE_MEMORY_MIN_KIB ||
			cost->memory_kib > HWS_PAKE_MEMORY_MAX_KIB)
		return HWS_ERR_RANGE;
	return HWS_OK;
}

void hws_pake_cost_new(struct hws_pake_cost *ret, enum hws_pake_kind kind)
{
	randombytes_buf(ret->salt, sizeof(ret->salt));
	ret->ops = kind == HWS_PAKE_PERMANENT ? HWS_PAKE_OPS : 0;
	ret->memory_kib = kind == HWS_PAKE_PERMANENT ? HWS_PAKE_MEMORY_KIB : 0;
}

static int stretch(
		const uint8_t h1[HWS_H1_LEN], const struct hws_pake_cost *cost, uint8_t ret[W_LEN])
{
	const struct hws_bytes parts[] = { hws_bytes(h1, HWS_H1_LEN),
		hws_bytes(cost->salt, sizeof(cost->salt)) };

	if (cost->ops == 0) {
		hws_digest512("hawser fast w0", parts, 2, ret);
		hws_digest512("hawser fast w1", parts, 2, ret + W_LEN / 2);
		return HWS_OK;
	}
	if (crypto_pwhash(ret, W_LEN, (const char *)h1, HWS_H1_LEN, cost->salt, cost->ops,
			    (size_t)cost->memory_kib << 10, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return HWS_ERR_NOMEM;
	return HWS_OK;
}

int hws_pake_secret_of(const uint8_t h1_secret[HWS_H1_LEN], const struct hws_pake_cost *cost,
		struct hws_pake_secret *ret)
{
	uint8_t w[W_LEN];
	int r = stretch(h1_secret, cost, w);

	if (r == HWS_OK) {
		crypto_core_ristretto255_scalar_reduce(ret->w0_secret, w);
		crypto_core_ristretto255_scalar_reduce(ret->w1_secret, w + W_LEN / 2);
	}
	hws_wipe(w, sizeof(w));
	return r;
}

int hws_pake_verifier_of(const uint8_t h1_secret[HWS_H1_LEN], const struct hws_pake_cost *cost,
		struct hws_pake_verifier *ret)
{
	struct hws_pake_secret s;
	int r = hws_pake_secret_of(h1_secret, cost, &s);

	if (r == HWS_OK) {
		ret->cost = *cost;
		memcpy(ret->w0_secret, s.w0_secret, sizeof(ret->w0_secret));
		if (crypto_scalarmult_ristretto255_base(ret->l_secret, s.w1_secret) != 0)
			r = HWS_ERR_CRYPTO;
	}
	hws_wipe(&s, sizeof(s));
	return r;
}

/* --- host --- */

void hws_pake_offer_new(const struct hws_pake_verifier *v, struct hws_pake_offer *ret)
{
	uint8_t n[POINT];

	point_n(n);
	crypto_core_ristretto255_scalar_random(ret->y_secret);
	if (blind(ret->y_secret, v->w0_secret, n, ret->share) < 0)
		memset(ret, 0, sizeof(*ret)); /* no verifier at all: takes no proof */
}

int hws_pake_judge(const struct hws_pake_verifier *v, struct hws_pake_offer *offer,
		const struct hws_pake_context *context, struct hws_bytes share,
		struct hws_bytes confirm, uint8_t ret_confirm[HWS_PAKE_CONFIRM_LEN])
{
	uint8_t y[SCALAR], d[POINT], m[POINT], right[HWS_PAKE_CONFIRM_LEN];
	struct sides s;
	int r = HWS_ERR_CRYPTO;

	if (sodium_is_zero(offer->y_secret, sizeof(offer->y_secret)))
		return HWS_ERR_CLOSED;
	memcpy(y, offer->y_secret, sizeof(y));
	hws_wipe(offer->y_secret, sizeof(offer->y_secret));
	point_m(m);
	if (confirm.len != HWS_PAKE_CONFIRM_LEN || unblind(share, v->w0_secret, m, d) < 0)
		goto out;
	memcpy(s.x, share.ptr, POINT);
	memcpy(s.y, offer->share, POINT);
	if (crypto_scalarmult_ristretto255(s.z_secret, y, d) != 0 ||
			crypto_scalarmult_ristretto255(s.v_secret, y, v->l_secret) != 0)
		goto out;
	confirmations(context, &s, v->w0_secret, right, ret_confirm);
	if (hws_secret_equal(right, confirm.ptr, sizeof(right)))
		r = HWS_OK;
	else
		hws_wipe(ret_confirm, HWS_PAKE_CONFIRM_LEN);
out:
	hws_wipe(y, sizeof(y));
	hws_wipe(&s, sizeof(s));
	hws_wipe(right, sizeof(right));
	return r;
}

/* --- viewer --- */

int hws_pake_answer(const struct hws_pake_secret *secret, const struct hws_pake_context *context,
		struct hws_bytes offer_share, uint8_t ret_share[HWS_PAKE_SHARE_LEN],
		uint8_t ret_confirm[HWS_PAKE_CONFIRM_LEN], uint8_t ret_expect[HWS_PAKE_CONFIRM_LEN])
{
	uint8_t x[SCALAR], d[POINT], m[POINT], n[POINT];
	struct sides s;
	int r = HWS_ERR_CRYPTO;

	point_m(m);
	point_n(n);
	crypto_core_ristretto255_scalar_random(x);
	if (unblind(offer_share, secret->w0_secret, n, d) < 0 ||
			blind(x, secret->w0_secret, m, s.x) < 0 ||
			crypto_scalarmult_ristretto255(s.z_secret, x, d) != 0 ||
			crypto_scalarmult_ristretto255(s.v_secret, secret->w1_secret, d) != 0)
		goto out;
	memcpy(s.y, offer_share.ptr, POINT);
	confirmations(context, &s, secret->w0_secret, ret_confirm, ret_expect);
	memcpy(ret_share, s.x, POINT);
	r = HWS_OK;
out:
	hws_wipe(x, sizeof(x));
	hws_wipe(&s, sizeof(s));
	return r;
}
