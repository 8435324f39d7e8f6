/* The C library's resolver asks and takes apart; what the records say is checked here. */
#include "shared/net/srv.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>

#define ANSWER_MAX 8192u
#define FIXED 6 /* priority, weight, port */
/* Name servers that drop what they do not know shall not cost a connection its patience. */
#define TRY_S 1
#define TRIES 2
#define NAME_SERVERS 2

/* A host's name: labels of letters, digits, dashes and underscores. */
static bool is_name(const char *s)
{
	for (const char *c = s; *c; c++) {
		bool good = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
				(*c >= '0' && *c <= '9') || *c == '-' || *c == '_' || *c == '.';

		if (!good)
			return false;
	}
	return *s && *s != '.' && *s != '-';
}

/* False: no place. */
static bool take(const ns_msg *m, const ns_rr *rr, struct hws_srv_target *ret)
{
	const uint8_t *d = ns_rr_rdata(*rr);
	struct hws_srv_target t = { 0 };
	size_t len;

	if (ns_rr_rdlen(*rr) <= FIXED ||
			ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), d + FIXED, t.host,
					sizeof(t.host)) < 0)
		return false;
	t.priority = (uint16_t)(d[0] << 8 | d[1]);
	t.weight = (uint16_t)(d[2] << 8 | d[3]);
	t.port = (uint16_t)(d[4] << 8 | d[5]);
	len = strlen(t.host);
	if (len > 0 && t.host[len - 1] == '.')
		t.host[len - 1] = '\0';
	if (!is_name(t.host) || t.port == 0)
		return false;
	*ret = t;
	return true;
}

int hws_srv_parse(struct hws_bytes answer, struct hws_srv *ret)
{
	struct hws_srv s = { 0 };
	unsigned records = 0;
	ns_msg m;

	if (answer.len > ANSWER_MAX || ns_initparse(answer.ptr, (int)answer.len, &m) < 0)
		return HWS_ERR_PROTO;
	for (int i = 0; i < ns_msg_count(m, ns_s_an); i++) {
		ns_rr rr;

		if (ns_parserr(&m, ns_s_an, i, &rr) < 0)
			return HWS_ERR_PROTO;
		if (ns_rr_type(rr) != ns_t_srv || ns_rr_class(rr) != ns_c_in)
			continue; /* an alias on the way */
		records++;
		if (s.count < HWS_SRV_MAX && take(&m, &rr, &s.target[s.count]))
			s.count++;
	}
	if (!records)
		return HWS_ERR_NOTFOUND;
	*ret = s;
	return HWS_OK;
}

/* The one of [first, end) that chance and weights choose; weight 0 gets a small chance. */
static size_t choose(const struct hws_srv *s, size_t first, size_t end, uint32_t (*draw)(uint32_t))
{
	uint32_t sum = 0, at;

	for (size_t i = first; i < end; i++)
		sum += s->target[i].weight + 1u;
	at = draw(sum);
	for (size_t i = first; i < end; i++) {
		if (at <= s->target[i].weight)
			return i;
		at -= s->target[i].weight + 1u;
	}
	return first;
}

static void swap(struct hws_srv *s, size_t a, size_t b)
{
	struct hws_srv_target t = s->target[a];

	s->target[a] = s->target[b];
	s->target[b] = t;
}

void hws_srv_order(struct hws_srv *s, uint32_t (*draw)(uint32_t below))
{
	for (size_t i = 0; i < s->count; i++) {
		uint16_t least = UINT16_MAX;
		size_t end = i;

		/* those of the lowest priority that is left come next */
		for (size_t k = i; k < s->count; k++) {
			if (s->target[k].priority < least)
				least = s->target[k].priority;
		}
		for (size_t k = i; k < s->count; k++) {
			if (s->target[k].priority == least)
				swap(s, k, end++);
		}
		swap(s, i, choose(s, i, end, draw));
	}
}

/* --- asking ----------------------------------------------------------------------------------- */

/* The question to the worker; outlives its asker when that cancels. */
struct question {
	char name[NS_MAXDNAME];
	struct hws_srv found;
	struct hws_srv_find *asker; /* NULL = canceled; loop thread only */
};

struct hws_srv_find {
	struct question *question;
	hws_srv_cb done;
	void *arg;
};

/* Bytes of the answer, or < 0 and why, as h_errno has it. */
static int ask(const char *name, uint8_t answer[ANSWER_MAX], int *ret_why)
{
#ifdef __GLIBC__
	struct __res_state st = { 0 };
	int n;

	if (res_ninit(&st) < 0)
		return -1;
	st.retrans = TRY_S;
	st.retry = TRIES;
	st.nscount = HWS_MIN(st.nscount, NAME_SERVERS);
	n = res_nquery(&st, name, ns_c_in, ns_t_srv, answer, ANSWER_MAX);
	*ret_why = st.res_h_errno;
	res_nclose(&st);
	return n;
#else /* musl: bounded by its own limits, and fit for threads as it is */
	int n = res_query(name, ns_c_in, ns_t_srv, answer, ANSWER_MAX);

	*ret_why = h_errno;
	return n;
#endif
}

static int run(void *arg)
{
	struct question *q = arg;
	uint8_t answer[ANSWER_MAX];
	int n, why = 0, r = HWS_ERR_RESOLVE;

	n = ask(q->name, answer, &why);
	if (n > 0 && (size_t)n <= sizeof(answer)) {
		r = hws_srv_parse(hws_bytes(answer, (size_t)n), &q->found);
		if (r == HWS_OK)
			hws_srv_order(&q->found, hws_rand_below);
	} else if (n < 0 && (why == HOST_NOT_FOUND || why == NO_DATA)) {
		r = HWS_ERR_NOTFOUND;
	}
	return r;
}

static void finish(void *arg, int r)
{
	struct question *q = arg;
	struct hws_srv_find *f = q->asker;

	if (f) {
		f->question = NULL;
		f->done(r, r < 0 ? NULL : &q->found, f->arg);
		hws_free(f);
	}
	hws_free(q);
}

int hws_srv_find(struct hws_loop *loop, struct hws_work *work, const char *service,
		const char *domain, hws_srv_cb done, void *arg, struct hws_srv_find **ret)
{
	struct hws_srv_find *f = hws_alloc(sizeof(*f));
	struct question *q = hws_alloc(sizeof(*q));
	int r = HWS_ERR_NOMEM;

	if (f && q)
		r = hws_fmt(q->name, sizeof(q->name), "%s.%s", service, domain);
	if (r == HWS_OK) {
		q->asker = f;
		f->question = q;
		f->done = done;
		f->arg = arg;
		r = hws_work_submit(work, loop, run, finish, q);
	}
	if (r < 0) {
		hws_free(f);
		hws_free(q);
		return r;
	}
	*ret = f;
	return HWS_OK;
}

void hws_srv_find_cancel(struct hws_srv_find *f)
{
	if (!f)
		return;
	if (f->question)
		f->question->asker = NULL; /* the worker still has it */
	hws_free(f);
}
