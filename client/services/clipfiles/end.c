/* Messages go to the direction that they belong to; the clock runs while something is waited
 * for. */
#include "client/services/clipfiles/end.h"
#include "shared/base/mem.h"

struct hws_clip_end {
	struct hws_clip_end_conf conf;
	struct hws_clip_owner *owner;
	struct hws_clip_paster *paster;
	struct hws_timer clock;
	bool gives, takes;
};

static void on_clock(void *arg)
{
	struct hws_clip_end *e = arg;

	hws_clip_paster_tick(e->paster);
	if (!hws_clip_paster_waits(e->paster))
		hws_timer_stop(&e->clock);
}

static int send_message(const Ses__Message *m, void *arg)
{
	struct hws_clip_end *e = arg;

	/* All that is waited for begins with something that is sent. */
	if (!hws_timer_active(&e->clock))
		hws_timer_every(e->conf.loop, &e->clock, HWS_CLIP_TICK_US, on_clock, e);
	return e->conf.send(m, e->conf.arg);
}

static bool can_send(void *arg)
{
	struct hws_clip_end *e = arg;

	return !e->conf.can_send || e->conf.can_send(e->conf.arg);
}

static uint64_t now_us(void *arg)
{
	struct hws_clip_end *e = arg;

	return hws_loop_now_us(e->conf.loop);
}

static void on_read(const struct hws_clip_tree *t, uint32_t index, void *arg)
{
	struct hws_clip_end *e = arg;

	if (e->conf.on_read)
		e->conf.on_read(t, index, e->conf.arg);
}

static void on_list(struct hws_clip_list *list, void *arg)
{
	struct hws_clip_end *e = arg;

	e->conf.on_list(list, e->conf.arg);
}

static void on_refused(const char *why, void *arg)
{
	struct hws_clip_end *e = arg;

	e->conf.on_refused(why, e->conf.arg);
}

static void on_gone(void *arg)
{
	struct hws_clip_end *e = arg;

	e->conf.on_gone(e->conf.arg);
}

int hws_clip_end_new(const struct hws_clip_end_conf *conf, struct hws_clip_end **ret)
{
	enum hws_clip_epoch epoch =
			conf->is_windows ? HWS_CLIP_EPOCH_TRUE : HWS_CLIP_EPOCH_DEPLOYED_UNIX;
	struct hws_clip_end *e = hws_alloc(sizeof(*e));
	int r;

	if (!e)
		return HWS_ERR_NOMEM;
	e->conf = *conf;
	r = hws_clip_owner_new(&(struct hws_clip_owner_conf){ .loop = conf->loop,
					       .work = conf->work,
					       .extended = conf->extended,
					       .epoch = epoch,
					       .tells_files = conf->is_viewer,
					       .send = send_message,
					       .can_send = can_send,
					       .on_read = on_read,
					       .arg = e },
			&e->owner);
	if (r == HWS_OK)
		r = hws_clip_paster_new(&(struct hws_clip_paster_conf){ .extended = conf->extended,
							.epoch = epoch,
							.send = send_message,
							.now_us = now_us,
							.on_list = on_list,
							.on_refused = on_refused,
							.on_gone = on_gone,
							.arg = e },
				&e->paster);
	if (r < 0) {
		hws_clip_end_free(e);
		return r;
	}
	*ret = e;
	return HWS_OK;
}

void hws_clip_end_free(struct hws_clip_end *e)
{
	if (!e)
		return;
	hws_timer_stop(&e->clock);
	hws_clip_owner_free(e->owner);
	hws_clip_paster_free(e->paster);
	hws_timer_stop(&e->clock); /* the last messages may have started it */
	hws_free(e);
}

struct hws_clip_owner *hws_clip_end_owner(struct hws_clip_end *e)
{
	return e->owner;
}

struct hws_clip_paster *hws_clip_end_paster(struct hws_clip_end *e)
{
	return e->paster;
}

void hws_clip_end_allow(struct hws_clip_end *e, bool gives, bool takes)
{
	if (e->gives && !gives)
		hws_clip_owner_withdraw(e->owner, true);
	if (e->takes && !takes)
		hws_clip_paster_drop(e->paster);
	e->gives = gives;
	e->takes = takes;
}

bool hws_clip_end_message(struct hws_clip_end *e, const Ses__Cliprdr *m)
{
	switch (m->union_case) {
	case SES__CLIPRDR__UNION_FORMAT_DATA_REQUEST:
	case SES__CLIPRDR__UNION_FILE_CONTENTS_REQUEST:
		/* also when nothing is given: who asks is answered */
		return hws_clip_owner_message(e->owner, m);
	case SES__CLIPRDR__UNION_FORMAT_LIST:
		return e->takes && hws_clip_paster_message(e->paster, m);
	case SES__CLIPRDR__UNION_FORMAT_DATA_RESPONSE:
	case SES__CLIPRDR__UNION_FILE_CONTENTS_RESPONSE:
	case SES__CLIPRDR__UNION_TRY_EMPTY:
		return hws_clip_paster_message(e->paster, m);
	default:
		return false; /* "ready" says nothing that is needed, "files" is the host's */
	}
}
