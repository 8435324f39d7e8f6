/* gtk/pictures: the newest pictures of a host's displays, and where each lies: one display alone,
 * or all of them as they lie on the host's desktop. Coordinates are pixels of what is shown, from
 * its top left corner. Main thread only. */
#pragma once
#include <gtk/gtk.h>
#include <hawser/hawser.h>

#define GUI_DISPLAYS_MAX 32u

struct gui_pictures {
	struct {
		GdkTexture *texture; /* NULL: nothing yet */
		int x, y;            /* on the host's desktop */
		int width, height;   /* as the host tells */
		uint64_t unshown;    /* number of one that is not on the screen yet; 0 = none */
	} display[GUI_DISPLAYS_MAX];
	size_t count, current;
	bool all;
};

/* Which displays there are, and which are shown; others are forgotten. */
void gui_pictures_set(struct gui_pictures *p, const struct hawser_peer *peer, bool all);
void gui_pictures_clear(struct gui_pictures *p);
/* Takes over the newest picture of a display; true: what is shown has another size now. */
bool gui_pictures_update(struct gui_pictures *p, hawser_session *session, size_t display);
/* The size of what is shown; false: nothing yet. */
bool gui_pictures_size(const struct gui_pictures *p, int *ret_width, int *ret_height);
/* Draws it at this place. */
void gui_pictures_draw(
		const struct gui_pictures *p, GtkSnapshot *snapshot, const graphene_rect_t *place);
/* What was drawn is on the screen now: the session is told. */
void gui_pictures_shown(struct gui_pictures *p, hawser_session *session);
/* The pixel of a display that lies there, or the nearest one; false: nothing is shown. `ret_on`:
 * it is right there. */
bool gui_pictures_at(const struct gui_pictures *p, double x, double y, size_t *ret_display,
		int *ret_x, int *ret_y, bool *ret_on);
/* Where a point of the host's desktop lies. */
void gui_pictures_place(const struct gui_pictures *p, int x, int y, int *ret_x, int *ret_y);
/* What is shown as one picture; the caller's. NULL: nothing yet. */
GdkTexture *gui_pictures_whole(const struct gui_pictures *p);
