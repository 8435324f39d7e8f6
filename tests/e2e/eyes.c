/* By AT-SPI, as screen readers do. The program is asked from outside, and may change while it is:
 * what goes away in between is simply not seen. */
#include "tests/e2e/eyes.h"
#include <atspi/atspi.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "hawser-desktop"
#define DEPTH_MAX 30

void test_eyes_open(struct test_desk *d)
{
	setenv("DBUS_SESSION_BUS_ADDRESS", strchr(d->bus_env, '=') + 1, 1);
	setenv("DISPLAY", d->screen.display, 1);
	ck_assert_int_eq(atspi_init(), 0);
	atspi_set_timeout(3000, 10000);
}

struct look {
	bool (*fn)(AtspiAccessible *a, const char *role, const char *name, struct look *l);
	const char *role, *name;
	bool pressed, focused, usable;
	unsigned unnamed;
	bool wants_text;
	char *text; /* its description */
	FILE *out;
};

static bool is_shown(AtspiAccessible *a)
{
	AtspiStateSet *states = atspi_accessible_get_state_set(a);
	bool shown = states && atspi_state_set_contains(states, ATSPI_STATE_VISIBLE);

	g_clear_object(&states);
	return shown;
}

/* Ends with true as soon as the look's function says so. */
static bool walk(AtspiAccessible *a, struct look *l, unsigned depth)
{
	char *role = atspi_accessible_get_role_name(a, NULL);
	char *name = atspi_accessible_get_name(a, NULL);
	int count = depth < DEPTH_MAX ? atspi_accessible_get_child_count(a, NULL) : 0;
	bool found = role && name && (depth < 2 || is_shown(a)) && l->fn(a, role, name, l);

	for (int i = 0; !found && i < count; i++) {
		AtspiAccessible *child = atspi_accessible_get_child_at_index(a, i, NULL);

		found = child && walk(child, l, depth + 1);
		g_clear_object(&child);
	}
	g_free(role);
	g_free(name);
	return found;
}

static bool look(struct look *l)
{
	AtspiAccessible *desktop = atspi_get_desktop(0);
	int count = atspi_accessible_get_child_count(desktop, NULL);
	bool found = false;

	for (int i = 0; !found && i < count; i++) {
		AtspiAccessible *app = atspi_accessible_get_child_at_index(desktop, i, NULL);
		char *name = app ? atspi_accessible_get_name(app, NULL) : NULL;

		if (app)
			atspi_accessible_clear_cache(app);
		found = name && strcmp(name, PROGRAM) == 0 && walk(app, l, 0);
		g_free(name);
		g_clear_object(&app);
	}
	g_clear_object(&desktop);
	return found;
}

static bool is_wanted(AtspiAccessible *a, const char *role, const char *name, struct look *l)
{
	AtspiStateSet *states;

	if ((l->role && strcmp(role, l->role) != 0) || strcmp(name, l->name) != 0)
		return false;
	states = atspi_accessible_get_state_set(a);
	l->pressed = states &&
			(atspi_state_set_contains(states, ATSPI_STATE_PRESSED) ||
					atspi_state_set_contains(states, ATSPI_STATE_CHECKED));
	l->focused = states && atspi_state_set_contains(states, ATSPI_STATE_FOCUSED);
	l->usable = states && atspi_state_set_contains(states, ATSPI_STATE_SENSITIVE);
	l->text = l->wants_text ? atspi_accessible_get_description(a, NULL) : NULL;
	g_clear_object(&states);
	return true;
}

bool test_eyes_see(const char *role, const char *name)
{
	return look(&(struct look){ .fn = is_wanted, .role = role, .name = name });
}

bool test_eyes_pressed(const char *name)
{
	struct look l = { .fn = is_wanted, .name = name };

	ck_assert_msg(look(&l), "there is no toggle button \"%s\"", name);
	return l.pressed;
}

/* A control and what is pressed inside of it may have the same name. */
static bool is_focused(AtspiAccessible *a, const char *role, const char *name, struct look *l)
{
	return is_wanted(a, role, name, l) && l->focused;
}

bool test_eyes_focused(const char *name)
{
	return look(&(struct look){ .fn = is_focused, .name = name });
}

bool test_eyes_usable(const char *name)
{
	struct look l = { .fn = is_wanted, .name = name };

	ck_assert_msg(look(&l), "there is no \"%s\"", name);
	return l.usable;
}

bool test_eyes_describes(const char *name, const char *text)
{
	struct look l = { .fn = is_wanted, .name = name, .wants_text = true };
	bool same = look(&l) && l.text && strcmp(l.text, text) == 0;

	g_free(l.text);
	return same;
}

void test_eyes_tab_to(struct test_desk *d, const char *name)
{
	uint64_t end = test_now_ms() + DESK_SHOW_MS;

	while (!test_eyes_focused(name)) {
		ck_assert_msg(test_now_ms() < end, "the keyboard does not get to \"%s\"", name);
		ck_assert_int_eq(TEST_DESK_DO(d, "key", "Tab"), 0);
	}
}

static bool see_wanted(void *arg)
{
	const struct look *l = arg;

	return test_eyes_see(l->role, l->name);
}

bool test_eyes_wait(const char *role, const char *name)
{
	struct look l = { .role = role, .name = name };

	return test_until(see_wanted, &l, DESK_SHOW_MS);
}

/* What can be used, or is a picture with a meaning, must be called something. */
static bool needs_name(const char *role)
{
	static const char *const roles[] = { "push button", "toggle button", "check box",
		"combo box", "entry", "password text", "text", "list", "list item", "image",
		"slider" };

	for (size_t i = 0; i < G_N_ELEMENTS(roles); i++)
		if (strcmp(role, roles[i]) == 0)
			return true;
	return false;
}

static bool list_one(AtspiAccessible *a, const char *role, const char *name, struct look *l)
{
	AtspiStateSet *states = atspi_accessible_get_state_set(a);
	bool usable = states && atspi_state_set_contains(states, ATSPI_STATE_FOCUSABLE);
	bool focused = usable && atspi_state_set_contains(states, ATSPI_STATE_FOCUSED);

	g_clear_object(&states);
	fprintf(l->out, "%s: \"%s\"%s%s\n", role, name, usable ? " (focusable)" : "",
			focused ? " (focused)" : "");
	/* GTK's last resort is the name of a class, which says nothing to anybody */
	if (usable && needs_name(role) &&
			(!*name || strncmp(name, "Gtk", 3) == 0 || strncmp(name, "Gui", 3) == 0))
		l->unnamed++;
	return false;
}

char *test_eyes_all(unsigned *ret_unnamed)
{
	char *text = NULL;
	size_t size = 0;
	struct look l = { .fn = list_one, .out = open_memstream(&text, &size) };

	ck_assert_ptr_nonnull(l.out);
	look(&l);
	fclose(l.out);
	*ret_unnamed = l.unnamed;
	return text;
}
