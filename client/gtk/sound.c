/* The two buttons stand in both bars, and show what is, whoever changed it. */
#include "client/gtk/sound.h"
#include "client/gtk/notice.h"

static void show(struct gui_sound *s, enum gui_action action, bool on)
{
	gui_toolbar_set_on(s->bar, action, on);
	gui_toolbar_set_on(s->edge_bar, action, on);
}

static void show_sound(struct gui_sound *s)
{
	int mode = HAWSER_SOUND_OFF;

	if (hawser_session_get_option(s->session, HAWSER_OPTION_SOUND, &mode) == HAWSER_OK)
		show(s, GUI_ACTION_SOUND, mode != HAWSER_SOUND_OFF);
}

void gui_sound_wish(const struct gui_launch *launch, struct hawser_session_config *ret)
{
	ret->sound = launch && launch->no_sound ? HAWSER_SOUND_OFF : HAWSER_SOUND_PLAY;
	ret->quiet = launch ? launch->quiet : 0;
}

void gui_sound_begin(struct gui_sound *s, hawser_session *session, GtkWidget *bar,
		GtkWidget *edge_bar, GtkWidget *notice)
{
	s->session = session;
	s->bar = bar;
	s->edge_bar = edge_bar;
	s->notice = notice;
	show_sound(s);
}

void gui_sound_act(struct gui_sound *s, enum gui_action action, bool on)
{
	int r = HAWSER_OK;

	if (action == GUI_ACTION_SOUND)
		r = hawser_session_set_option(s->session, HAWSER_OPTION_SOUND,
				on ? HAWSER_SOUND_PLAY : HAWSER_SOUND_OFF);
	else if (on)
		r = hawser_session_call(s->session);
	else
		r = hawser_session_hang_up(s->session);
	/* In both bars; of a call what becomes of it is told. */
	show(s, action, on && r == HAWSER_OK);
}

static void notify(struct gui_sound *s, const char *title, const char *text)
{
	gui_notice_show(s->notice, title, text, strlen(text));
}

void gui_sound_event(struct gui_sound *s, const struct hawser_event *e)
{
	if (e->type == HAWSER_EVENT_READY && s->call_due) {
		s->call_due = false;
		gui_sound_act(s, GUI_ACTION_CALL, true);
	} else if (e->type == HAWSER_EVENT_SOUND && *e->u.sound.text) {
		notify(s, "Sound", e->u.sound.text);
	} else if (e->type == HAWSER_EVENT_CALL) {
		show(s, GUI_ACTION_CALL, e->u.call.state != HAWSER_CALL_NONE);
		show_sound(s); /* a call switches it on */
		notify(s, "Voice call", e->u.call.text);
	}
}
