/* One job at a time, collected in memory within its bound (the protocol tells no size beforehand)
 * and then written whole, so that a job that breaks off leaves nothing behind. A host that offers
 * what nobody wants, or says what does not belong to the job, is not answered. */
#include "client/services/print/print_view.h"
#include "client/services/print/outlet.h"
#include "client/services/print/print_job.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <limits.h>
#include <string.h>

/* On a worker: a whole job and where it goes. */
struct putting {
	struct hws_print_view *pv; /* NULL: gone meanwhile */
	struct hws_print_outlet outlet;
	struct hws_buf data;
	char said[PATH_MAX + 80];
};

struct hws_print_view {
	struct hws_service service;
	struct hws_print_view_conf conf;
	char *where;
	int32_t id;      /* of the job that comes; 0: none */
	int32_t last_id; /* never used again in this session */
	uint64_t heard_us;
	struct hws_buf data;
	struct putting *putting; /* NULL: nothing is on a worker */
};

static struct hws_print_view *of(struct hws_service *s)
{
	return hws_container(s, struct hws_print_view, service);
}

/* --- a job that is whole ---------------------------------------------------------------------- */

static void putting_free(struct putting *p)
{
	hws_print_outlet_done(&p->outlet);
	hws_buf_done(&p->data);
	hws_free(p);
}

static int put(void *arg)
{
	struct putting *p = arg;

	return hws_print_outlet_put(&p->outlet, hws_buf_bytes(&p->data), p->said, sizeof(p->said));
}

static void on_put(void *arg, int r)
{
	struct putting *p = arg;

	if (p->pv) {
		p->pv->putting = NULL;
		p->pv->conf.on_job(r, hws_buf_len(&p->data), *p->said ? p->said : hws_err_text(r),
				p->pv->conf.arg);
	}
	putting_free(p);
}

/* --- a job that comes ------------------------------------------------------------------------- */

static void forget(struct hws_print_view *pv)
{
	pv->id = 0;
	hws_buf_done(&pv->data);
	hws_buf_init(&pv->data, HWS_PRINT_MAX);
}

static void fail(struct hws_print_view *pv, int r, const char *why)
{
	uint64_t bytes = hws_buf_len(&pv->data);

	forget(pv);
	pv->conf.on_job(r, bytes, why, pv->conf.arg);
}

static int send_action(struct hws_print_view *pv, Ses__FileAction *a)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	m.file_action = a;
	return hws_viewer_send(pv->service.viewer, &m);
}

static void cancel(struct hws_print_view *pv, int r, const char *why)
{
	Ses__FileTransferCancel c = SES__FILE_TRANSFER_CANCEL__INIT;
	Ses__FileAction a = SES__FILE_ACTION__INIT;

	c.id = pv->id;
	a.union_case = SES__FILE_ACTION__UNION_CANCEL;
	a.cancel = &c;
	if (send_action(pv, &a) < 0)
		hws_buf_reset(&pv->data); /* it will be dropped all the same */
	fail(pv, r, why);
}

static void on_offer(struct hws_print_view *pv, const Ses__FileTransferSendRequest *q)
{
	Ses__FileTransferSendRequest answer = SES__FILE_TRANSFER_SEND_REQUEST__INIT;
	Ses__FileAction a = SES__FILE_ACTION__INIT;

	if (q->file_type != SES__FILE_TRANSFER_SEND_REQUEST__FILE_TYPE__Printer || q->id ||
			!hws_print_path_valid(q->path))
		return;
	/* a second one waits in the host until it gives it up */
	if (pv->id || pv->putting)
		return;
	pv->last_id = pv->last_id < INT32_MAX ? pv->last_id + 1 : 1;
	answer.id = pv->last_id;
	answer.path = q->path;
	answer.file_type = SES__FILE_TRANSFER_SEND_REQUEST__FILE_TYPE__Printer;
	a.union_case = SES__FILE_ACTION__UNION_SEND;
	a.send = &answer;
	if (send_action(pv, &a) < 0)
		return;
	pv->id = pv->last_id;
	pv->heard_us = pv->conf.now_us();
}

static void on_block(struct hws_print_view *pv, const Ses__FileTransferBlock *b)
{
	if (b->id != pv->id)
		return;
	pv->heard_us = pv->conf.now_us();
	if (b->compressed || b->file_num || b->data.len > HWS_PRINT_BLOCK) {
		cancel(pv, HWS_ERR_PROTO, "the host sent what no print job has");
		return;
	}
	hws_buf_put(&pv->data, b->data.data, b->data.len);
	if (hws_buf_err(&pv->data) == HWS_ERR_TOOBIG)
		cancel(pv, HWS_ERR_TOOBIG, "a print job has at most 256 MiB");
	else if (hws_buf_err(&pv->data) < 0)
		cancel(pv, HWS_ERR_NOMEM, "there is no memory for the print job");
}

static void on_done(struct hws_print_view *pv, const Ses__FileTransferDone *d)
{
	struct hws_error err = { 0 };
	struct putting *p;
	int r;

	if (d->id != pv->id)
		return;
	if (!hws_buf_len(&pv->data)) {
		fail(pv, HWS_ERR_PROTO, "the print job is empty");
		return;
	}
	p = hws_alloc(sizeof(*p));
	if (!p) {
		fail(pv, HWS_ERR_NOMEM, "there is no memory for the print job");
		return;
	}
	hws_buf_init(&p->data, HWS_PRINT_MAX);
	r = hws_print_outlet_init(&p->outlet, pv->where, &err);
	if (r == HWS_OK) {
		p->pv = pv;
		p->data = pv->data;
		pv->data = (struct hws_buf){ 0 };
		r = hws_work_submit(pv->conf.work, pv->conf.loop, put, on_put, p);
	}
	if (r < 0) {
		putting_free(p);
		fail(pv, r, *err.text ? err.text : "this side is too busy to save the print job");
		return;
	}
	forget(pv);
	pv->putting = p;
}

static void on_error(struct hws_print_view *pv, const Ses__FileTransferError *e)
{
	if (e->id == pv->id)
		fail(pv, HWS_ERR_CANCELED, "the host gave the print job up");
}

static bool on_message(struct hws_service *s, Ses__Message *m)
{
	struct hws_print_view *pv = of(s);

	if (!pv->where)
		return false;
	if (m->union_case == SES__MESSAGE__UNION_FILE_ACTION) {
		if (m->file_action->union_case == SES__FILE_ACTION__UNION_SEND)
			on_offer(pv, m->file_action->send);
		return false;
	}
	if (m->union_case != SES__MESSAGE__UNION_FILE_RESPONSE || !pv->id)
		return false;
	switch (m->file_response->union_case) {
	case SES__FILE_RESPONSE__UNION_BLOCK:
		on_block(pv, m->file_response->block);
		break;
	case SES__FILE_RESPONSE__UNION_DONE:
		on_done(pv, m->file_response->done);
		break;
	case SES__FILE_RESPONSE__UNION_ERROR:
		on_error(pv, m->file_response->error);
		break;
	default:
		break; /* the list has nothing to say */
	}
	return false;
}

static void on_tick(struct hws_service *s, uint64_t now_us HWS_UNUSED)
{
	struct hws_print_view *pv = of(s);

	if (pv->id && pv->conf.now_us() - pv->heard_us > HWS_PRINT_WAIT_US)
		cancel(pv, HWS_ERR_TIMEOUT, "the rest of the print job does not come");
}

static void on_close(struct hws_service *s)
{
	if (of(s)->id)
		fail(of(s), HWS_ERR_CANCELED, "the connection was lost within the print job");
}

static void on_free(struct hws_service *s)
{
	hws_print_view_free(of(s));
}

/* Whether it may be sent is the host's affair; no permission of viewers stands for it. */
static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_FILES,
	.name = "print",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.on_message = on_message,
	.tick = on_tick,
	.close = on_close,
	.free = on_free,
};

int hws_print_view_new(const struct hws_print_view_conf *conf, struct hws_print_view **ret,
		struct hws_error *err)
{
	struct hws_print_view *pv = hws_alloc(sizeof(*pv));
	struct hws_print_outlet o = { 0 };
	int r = HWS_OK;

	if (!pv)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	pv->service.impl = &impl;
	pv->conf = *conf;
	pv->conf.where = NULL;
	if (!pv->conf.now_us)
		pv->conf.now_us = hws_clock_us;
	hws_buf_init(&pv->data, HWS_PRINT_MAX);
	if (conf->where && *conf->where) {
		r = hws_print_outlet_init(&o, conf->where, err);
		/* a folder by its whole path: the program may go elsewhere */
		if (r == HWS_OK) {
			pv->where = hws_strdup(o.folder ? o.folder : conf->where);
			if (!pv->where)
				r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
		}
		hws_print_outlet_done(&o);
	}
	if (r < 0)
		hws_print_view_free(pv);
	else
		*ret = pv;
	return r;
}

void hws_print_view_free(struct hws_print_view *pv)
{
	if (!pv)
		return;
	if (pv->putting)
		pv->putting->pv = NULL;
	hws_buf_done(&pv->data);
	hws_free(pv->where);
	hws_free(pv);
}

struct hws_service *hws_print_view_service(struct hws_print_view *pv)
{
	return &pv->service;
}
