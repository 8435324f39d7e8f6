/* Keys, buttons and moves on their way to the viewer. Apart from the session, because input has
 * rules of its own: order is kept, and of moves only the last one counts. */
#include "client/api/session_loop.h"
#include "client/services/input/input_view.h"
#include "shared/base/str.h"
#include <string.h>

/* Input that comes while the link is congested waits in the link's queue, but of moves only the
 * last one is kept: buttons and wheel carry no place of their own, so it goes before them. */

static struct hws_input_view *input_of(const struct api_session_loop *e)
{
	return hws_input_view_of(e->service[HWS_SERVICE_INPUT]);
}

/* A move would lie in the queue, and be old when it leaves. */
static bool must_wait(const struct api_session_loop *e)
{
	const struct hws_service *s = e->service[HWS_SERVICE_INPUT];

	return hws_viewer_may(e->viewer, s) && !hws_viewer_can_send(e->viewer, s);
}

static int input_allowed(hawser_session *s)
{
	int r = HAWSER_OK;

	pthread_mutex_lock(&s->lock);
	if (s->kind != HWS_KIND_REMOTE || s->state != HAWSER_STATE_READY ||
			s->option[HAWSER_OPTION_VIEW_ONLY] ||
			(s->denied & (1u << HAWSER_PERMISSION_KEYBOARD)))
		r = HAWSER_ERR_DENIED;
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int post_input(hawser_session *s, const struct api_command *c)
{
	int r = input_allowed(s);

	return r < 0 ? r : api_post(s, c);
}

/* What is refused on the loop's thread was permitted when it was posted: nothing to tell. */
#define DROP(call)                                                                                 \
	do {                                                                                       \
		if ((call) < 0)                                                                    \
			return;                                                                    \
	} while (0)

void api_input_step(struct api_session_loop *e)
{
	if (e->service[HWS_SERVICE_INPUT] && !must_wait(e))
		api_input_flush_move(e);
}

void api_input_flush_move(struct api_session_loop *e)
{
	if (!e->move_held)
		return;
	e->move_held = false;
	DROP(hws_input_view_move(input_of(e), e->held_display, e->held_x, e->held_y));
}

static void do_move(struct api_session_loop *e, const struct api_command *c)
{
	e->move_held = true;
	e->held_display = (size_t)c->a;
	e->held_x = (int)c->b;
	e->held_y = (int)c->c;
	if (!must_wait(e))
		api_input_flush_move(e);
}

int hawser_session_mouse_move(hawser_session *s, size_t display, int32_t x, int32_t y)
{
	if (display >= HWS_PEER_DISPLAYS_MAX)
		return HAWSER_ERR_RANGE;
	return post_input(s,
			&(struct api_command){
					.fn = do_move, .a = (int64_t)display, .b = x, .c = y });
}

static void do_button(struct api_session_loop *e, const struct api_command *c)
{
	api_input_flush_move(e);
	DROP(hws_input_view_button(input_of(e), (int)c->a, c->b));
}

int hawser_session_mouse_button(hawser_session *s, enum hawser_button button, bool down)
{
	switch (button) {
	case HAWSER_BUTTON_LEFT:
	case HAWSER_BUTTON_RIGHT:
	case HAWSER_BUTTON_MIDDLE:
	case HAWSER_BUTTON_BACK:
	case HAWSER_BUTTON_FORWARD:
		return post_input(s,
				&(struct api_command){ .fn = do_button, .a = button, .b = down });
	}
	return HAWSER_ERR_INVAL;
}

static void do_wheel(struct api_session_loop *e, const struct api_command *c)
{
	api_input_flush_move(e);
	DROP(hws_input_view_wheel(input_of(e), (int)c->a, (int)c->b));
}

int hawser_session_mouse_wheel(hawser_session *s, int32_t dx, int32_t dy)
{
	return post_input(s, &(struct api_command){ .fn = do_wheel, .a = dx, .b = dy });
}

static void do_key(struct api_session_loop *e, const struct api_command *c)
{
	DROP(hws_input_view_key(input_of(e), (unsigned)(c->a >> 1), c->a & 1, (unsigned)c->b,
			(uint32_t)c->c));
	api_filler_key(e);
}

int hawser_session_key(
		hawser_session *s, unsigned code, bool down, unsigned locks, uint32_t unicode)
{
	if (code == 0 || code > 767)
		return HAWSER_ERR_RANGE;
	return post_input(s,
			&(struct api_command){ .fn = do_key,
					.a = (int64_t)code << 1 | down,
					.b = locks,
					.c = unicode });
}

void api_input_note_mode(struct api_session_loop *e)
{
	enum hws_keyboard_mode mode;

	if (!e->service[HWS_SERVICE_INPUT])
		return;
	mode = hws_input_view_mode(input_of(e));
	pthread_mutex_lock(&e->s->lock);
	e->s->keyboard = (enum hawser_keyboard_mode)mode;
	pthread_mutex_unlock(&e->s->lock);
}

enum hawser_keyboard_mode hawser_session_keyboard(hawser_session *s)
{
	pthread_mutex_lock(&s->lock);
	enum hawser_keyboard_mode mode = s->keyboard;
	pthread_mutex_unlock(&s->lock);
	return mode;
}

_Static_assert(HAWSER_LAYOUT_KEYS == HWS_LAYOUT_KEYS && HAWSER_LAYOUT_LEVELS == HWS_LAYOUT_LEVELS,
		"the same table");

static void do_layout(struct api_session_loop *e, const struct api_command *c)
{
	struct hws_layout own;

	memcpy(own.sym, c->data, sizeof(own.sym));
	hws_input_view_set_layout(input_of(e), &own);
	api_input_note_mode(e);
}

int hawser_session_set_layout(hawser_session *s, const uint32_t *symbols)
{
	int r = api_need_kind(s, HWS_KIND_REMOTE);

	if (r < 0)
		return r;
	return api_post(s,
			&(struct api_command){ .fn = do_layout,
					.size = sizeof(((struct hws_layout *)0)->sym),
					.data = (char *)(uintptr_t)symbols });
}

unsigned hawser_layout_key(size_t i)
{
	return hws_layout_code(i);
}

static void do_release(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	DROP(hws_input_view_release_all(input_of(e)));
}

int hawser_session_release_keys(hawser_session *s)
{
	return post_input(s, &(struct api_command){ .fn = do_release });
}

static void do_type(struct api_session_loop *e, const struct api_command *c)
{
	DROP(hws_input_view_type(input_of(e), hws_bytes(c->data, c->size)));
	api_filler_key(e);
}

int hawser_session_type_text(hawser_session *s, const char *utf8)
{
	size_t n = strlen(utf8);

	if (n > HWS_TYPE_MAX)
		return api_fail(HAWSER_ERR_TOOBIG, "at most 1 MiB of text can be typed");
	if (!hws_utf8_valid(hws_bytes(utf8, n)))
		return api_fail(HAWSER_ERR_INVAL, "the text to type is not UTF-8");
	return post_input(
			s, &(struct api_command){ .fn = do_type, .size = n, .data = (char *)utf8 });
}

static void do_ctrl_alt_del(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	DROP(hws_input_view_ctrl_alt_del(input_of(e)));
	api_filler_key(e);
}

int hawser_session_ctrl_alt_del(hawser_session *s)
{
	return post_input(s, &(struct api_command){ .fn = do_ctrl_alt_del });
}

static void do_lock(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	DROP(hws_input_view_lock_screen(input_of(e)));
	api_filler_key(e);
}

int hawser_session_lock_screen(hawser_session *s)
{
	return post_input(s, &(struct api_command){ .fn = do_lock });
}
