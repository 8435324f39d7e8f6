/* One display at the viewer: packets wait here for the decoder process, and the newest picture of
 * it for who shows it. Pictures are swapped, not copied, so that a slow reader holds nobody up. */
#include "client/services/video/display_view.h"
#include "client/core/codec_wire.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"

int hws_display_view_new(struct hws_display_view **ret)
{
	struct hws_display_view *s = hws_alloc(sizeof(*s));

	if (!s)
		return HWS_ERR_NOMEM;
	pthread_mutex_init(&s->lock, NULL);
	s->need_key = true;
	*ret = s;
	return HWS_OK;
}

void hws_display_view_clear_queue(struct hws_display_view *s)
{
	Ses__Message *m;

	while ((m = hws_display_view_pop(s)))
		hws_ses_free(m);
}

void hws_display_view_forget(struct hws_display_view *s)
{
	hws_display_view_clear_queue(s);
	pthread_mutex_lock(&s->lock);
	hws_picture_unlock(s->newest);
	s->newest = NULL;
	pthread_mutex_unlock(&s->lock);
	s->need_key = s->reset = true;
}

void hws_display_view_free(struct hws_display_view *s)
{
	if (!s)
		return;
	hws_display_view_forget(s);
	pthread_mutex_destroy(&s->lock);
	hws_free(s);
}

static size_t message_bytes(const Ses__Message *m)
{
	enum hws_codec codec;
	size_t n = 0;

	if (m->union_case == SES__MESSAGE__UNION_PATCH)
		return m->patch->data.len;
	const Ses__EncodedVideoFrames *f = hws_video_frames(m->video_frame, &codec);

	for (size_t i = 0; f && i < f->n_frames; i++)
		n += f->frames[i]->data.len;
	return n;
}

bool hws_display_view_push(struct hws_display_view *s, Ses__Message *m, size_t bytes)
{
	bool fits = s->count < HWS_DISPLAY_VIEW_QUEUE &&
			s->bytes + bytes <= HWS_DISPLAY_VIEW_QUEUE_BYTES;

	if (!fits) {
		hws_display_view_clear_queue(s);
		hws_ses_free(m);
		s->need_key = true;
		return false;
	}
	s->queue[(s->head + s->count++) % HWS_DISPLAY_VIEW_QUEUE] = m;
	s->bytes += bytes;
	return true;
}

Ses__Message *hws_display_view_pop(struct hws_display_view *s)
{
	Ses__Message *m;

	if (s->count == 0)
		return NULL;
	m = s->queue[s->head];
	s->head = (s->head + 1) % HWS_DISPLAY_VIEW_QUEUE;
	s->count--;
	s->bytes -= HWS_MIN(s->bytes, message_bytes(m));
	return m;
}

void hws_display_view_publish(struct hws_display_view *s, struct hws_picture *p,
		struct hws_rect damage, uint64_t now_us)
{
	struct hws_picture *old;

	pthread_mutex_lock(&s->lock);
	old = s->newest;
	if (!old || old->width != p->width || old->height != p->height)
		s->damage = (struct hws_rect){ 0, 0, p->width, p->height };
	else
		s->damage = hws_rect_union(s->damage, damage);
	s->newest = p;
	s->number++;
	s->time_us = now_us;
	pthread_mutex_unlock(&s->lock);
	hws_picture_unlock(old);
}
