/* identity/provider_cache: a few providers; the lock is never held while one is asked, so that one
 * that is slow keeps nobody from the others. Two who miss at once ask twice. */
#include "admin/identity/provider_cache.h"
#include "admin/http/json.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/web/fetch.h"

#include <pthread.h>
#include <string.h>

#define PLACES 32u
#define S_US 1000000ull
#define METADATA_US (3600 * S_US)
#define KEYS_US (3600 * S_US)
/* What a provider may ask for, in seconds. */
#define KEYS_MIN_S 60
#define KEYS_MAX_S (24 * 3600)
#define AGAIN_US (30 * S_US)
/* Who is away is not asked by everybody who comes. */
#define AWAY_US (5 * S_US)

struct place {
	struct idn_metadata m; /* issuer "" = free */
	uint64_t until_us;     /* of the description */
	json_t *keys;          /* never written to once it is here */
	uint64_t keys_until_us;
	uint64_t again_us; /* asked out of turn then; 0 = never */
	uint64_t used_us;
	uint64_t failed_us; /* it was away then; 0 = not */
	struct hws_error why;
};

struct idn_cache {
	pthread_mutex_t lock;
	char *ca_file;
	struct place place[PLACES];
};

int idn_cache_new(const char *ca_file, struct idn_cache **ret)
{
	struct idn_cache *c = hws_alloc(sizeof(*c));

	if (!c)
		return HWS_ERR_NOMEM;
	pthread_mutex_init(&c->lock, NULL);
	if (ca_file) {
		c->ca_file = hws_strdup(ca_file);
		if (!c->ca_file) {
			idn_cache_free(c);
			return HWS_ERR_NOMEM;
		}
	}
	*ret = c;
	return HWS_OK;
}

void idn_cache_free(struct idn_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < PLACES; i++)
		json_decref(c->place[i].keys);
	pthread_mutex_destroy(&c->lock);
	hws_free(c->ca_file);
	hws_free(c);
}

const char *idn_cache_ca_file(const struct idn_cache *c)
{
	return c->ca_file;
}

/* Under the lock. */
static struct place *find(struct idn_cache *c, const char *issuer)
{
	for (size_t i = 0; i < PLACES; i++) {
		if (*c->place[i].m.issuer && hws_str_equal(c->place[i].m.issuer, issuer))
			return &c->place[i];
	}
	return NULL;
}

/* Under the lock: the provider's own, a free one, or that which was not used for the longest. */
static struct place *place_for(struct idn_cache *c, const char *issuer)
{
	struct place *best = find(c, issuer);

	for (size_t i = 0; i < PLACES && !best; i++) {
		if (!*c->place[i].m.issuer)
			best = &c->place[i];
	}
	for (size_t i = 0; i < PLACES && !best; i++) {
		if (i == 0 || c->place[i].used_us < best->used_us)
			best = &c->place[i];
	}
	if (!hws_str_equal(best->m.issuer, issuer)) {
		json_decref(best->keys);
		*best = (struct place){ 0 };
	}
	return best;
}

/* GET with status 200. *ret: of the answer, for hws_fetch_done. */
static int get(const struct idn_cache *c, const char *url, const char *what,
		struct hws_fetch_answer *ret, struct hws_error *err)
{
	struct hws_fetch ask = {
		.url = url,
		.ca_file = c->ca_file,
		.timeout_us = IDN_FETCH_US,
		.connect_us = IDN_FETCH_US / 2,
		.answer_max = IDN_ANSWER_MAX,
	};
	struct hws_error why = { 0 };
	int r = hws_fetch(NULL, &ask, ret, &why);

	if (r < 0)
		return hws_error_set(err, r, "the provider's %s cannot be had: %s", what, why.text);
	if (ret->status != 200) {
		r = hws_error_set(err, HWS_ERR_PROTO,
				"the provider's %s cannot be had: it answers with status %d", what,
				ret->status);
		hws_fetch_done(ret);
	}
	return r;
}

static int ask_metadata(const struct idn_cache *c, const char *issuer, struct idn_metadata *ret,
		struct hws_error *err)
{
	struct hws_fetch_answer a = { 0 };
	char url[IDN_URL_TEXT];
	int r = idn_metadata_url(issuer, url, sizeof(url), err);

	if (r == HWS_OK)
		r = get(c, url, "description", &a, err);
	if (r == HWS_OK) {
		r = idn_metadata_read(hws_buf_bytes(&a.body), issuer, ret, err);
		hws_fetch_done(&a);
	}
	return r;
}

/* Under the lock. HWS_ERR_AGAIN: it has to be asked. */
static int known_metadata(
		struct place *p, uint64_t now, struct idn_metadata *ret, struct hws_error *err)
{
	if (!p)
		return HWS_ERR_AGAIN;
	p->used_us = now;
	if (now < p->until_us) {
		*ret = p->m;
		return HWS_OK;
	}
	if (p->failed_us && now - p->failed_us < AWAY_US)
		return hws_error_set(err, p->why.code, "%s", p->why.text);
	return HWS_ERR_AGAIN;
}

int idn_cache_metadata(struct idn_cache *c, const char *issuer, struct idn_metadata *ret,
		struct hws_error *err)
{
	uint64_t now = hws_clock_us();
	struct hws_error why = { 0 };
	struct idn_metadata m = { 0 };
	struct place *p;
	int r;

	pthread_mutex_lock(&c->lock);
	r = known_metadata(find(c, issuer), now, ret, err);
	pthread_mutex_unlock(&c->lock);
	if (r != HWS_ERR_AGAIN)
		return r;
	r = ask_metadata(c, issuer, &m, &why);
	if (hws_str_copy(m.issuer, sizeof(m.issuer), issuer) < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "the issuer's address is too long");
	pthread_mutex_lock(&c->lock);
	p = place_for(c, issuer);
	p->used_us = now;
	p->failed_us = 0;
	if (r == HWS_OK) {
		p->until_us = now + METADATA_US;
		p->m = m;
	} else {
		/* the issuer alone: it marks the place as taken */
		(void)memcpy(p->m.issuer, m.issuer, sizeof(m.issuer));
		p->failed_us = hws_clock_us();
		p->why = why;
	}
	pthread_mutex_unlock(&c->lock);
	if (r < 0)
		return hws_error_set(err, r, "%s", why.text);
	*ret = m;
	return HWS_OK;
}

static int ask_keys(const struct idn_cache *c, const char *url, json_t **ret, uint64_t *ret_life_us,
		struct hws_error *err)
{
	struct hws_fetch_answer a = { 0 };
	struct hws_error form = { 0 };
	int r = get(c, url, "set of keys", &a, err);

	if (r < 0)
		return r;
	*ret_life_us = KEYS_US;
	if (a.max_age_s >= 0)
		*ret_life_us = (uint64_t)HWS_MIN(HWS_MAX(a.max_age_s, KEYS_MIN_S), KEYS_MAX_S) *
				S_US;
	r = htp_json_read(hws_buf_bytes(&a.body), ret, &form);
	hws_fetch_done(&a);
	if (r == HWS_OK && !json_is_array(json_object_get(*ret, "keys"))) {
		json_decref(*ret);
		r = HWS_ERR_PROTO;
	}
	return r < 0 ? hws_error_set(err, HWS_ERR_PROTO,
				       "the provider's set of keys cannot be read: %s", form.text)
		     : HWS_OK;
}

/* Under the lock: those that are here, if they will do. */
static json_t *known_keys(struct place *p, const json_t *older, uint64_t now)
{
	if (!p || !p->keys)
		return NULL;
	/* unless somebody else was quicker, or it was tried just now */
	if (older && p->keys == older && (!p->again_us || now - p->again_us >= AGAIN_US))
		return NULL;
	return now < p->keys_until_us || older ? json_incref(p->keys) : NULL;
}

int idn_cache_keys(struct idn_cache *c, const struct idn_metadata *m, const json_t *older,
		json_t **ret, struct hws_error *err)
{
	uint64_t now = hws_clock_us(), life = 0;
	json_t *keys;
	struct place *p;
	int r;

	pthread_mutex_lock(&c->lock);
	keys = known_keys(find(c, m->issuer), older, now);
	pthread_mutex_unlock(&c->lock);
	if (keys) {
		*ret = keys;
		return HWS_OK;
	}
	r = ask_keys(c, m->jwks, &keys, &life, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&c->lock);
	p = find(c, m->issuer);
	if (p) {
		json_decref(p->keys);
		p->keys = json_incref(keys);
		p->keys_until_us = now + life;
		if (older)
			p->again_us = now;
	}
	pthread_mutex_unlock(&c->lock);
	*ret = keys;
	return HWS_OK;
}
