/* The loops over the services of a desktop, with services that write down what they are told; and
 * what every service of the real list must have. */
#include "client/services/host_service.h"
#include "host_desk.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

static char said[400];    /* "a.join b.join ..." */
static const char *fails; /* the service of this name cannot be made */
static unsigned alive;

struct scribe {
	struct hws_host_service service;
	bool takes; /* messages */
};

static void say(const struct hws_host_service *s, const char *what)
{
	size_t n = strlen(said);

	ck_assert_int_eq(hws_fmt(said + n, sizeof(said) - n, "%s%s.%s", n ? " " : "", s->impl->name,
					 what),
			HWS_OK);
}

static int make(const struct hws_host_service_impl *impl, bool takes, struct hws_host_service **ret)
{
	struct scribe *s;

	if (hws_str_equal(fails, impl->name))
		return HWS_ERR_DISPLAY;
	s = hws_alloc(sizeof(*s));
	ck_assert_ptr_nonnull(s);
	s->service.impl = impl;
	s->takes = takes;
	alive++;
	*ret = &s->service;
	return HWS_OK;
}

static void scribe_free(struct hws_host_service *s)
{
	say(s, "free");
	alive--;
	hws_free(hws_container(s, struct scribe, service));
}

static void on_join(struct hws_host_service *s, struct hws_host_viewer *v)
{
	ck_assert_uint_eq(v->slot, 3);
	say(s, "join");
}

static void on_leave(struct hws_host_service *s, struct hws_host_viewer *v)
{
	ck_assert_uint_eq(v->slot, 3);
	say(s, "leave");
}

static void on_update(struct hws_host_service *s, struct hws_host_viewer *v)
{
	ck_assert_uint_eq(v->slot, 3);
	say(s, "update");
}

static void on_option(
		struct hws_host_service *s, struct hws_host_viewer *v, const Ses__OptionMessage *o)
{
	ck_assert_uint_eq(v->slot, 3);
	ck_assert_int_eq(o->custom_fps, 7);
	say(s, "option");
}

static bool on_message(struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	ck_assert_uint_eq(v->slot, 3);
	ck_assert(m->union_case == SES__MESSAGE__UNION_CURSOR_ID ||
			m->union_case == SES__MESSAGE__UNION_KEY_EVENT);
	say(s, "message");
	return hws_container(s, struct scribe, service)->takes;
}

static void on_line(struct hws_host_service *s, struct hws_host_viewer *v,
		const struct hws_flow_answer *a)
{
	ck_assert_uint_eq(v->slot, 3);
	ck_assert_uint_eq(a->rtt_us, 5);
	say(s, "line");
}

static void on_drained(
		struct hws_host_service *s, struct hws_host_viewer *v, enum hws_send_class cls)
{
	ck_assert_int_eq(cls, HWS_SEND_VIDEO);
	ck_assert_uint_eq(v->slot, 3);
	say(s, "drained");
}

static void describe(struct hws_host_service *s, Ses__PeerInfo *info)
{
	info->current_display++;
	say(s, "describe");
}

static int on_command(struct hws_host_service *s, struct hws_host_viewer *v, const char *text,
		struct hws_error *err)
{
	ck_assert_uint_eq(v->slot, 3);
	say(s, text);
	return hws_error_set(err, HWS_ERR_BUSY, "not now");
}

static const struct hws_host_service_impl all_hooks, more_hooks, few_hooks, shell_hooks;

static int new_all(const struct hws_host_env *env HWS_UNUSED, struct hws_host_service **ret)
{
	return make(&all_hooks, true, ret);
}

static int new_more(const struct hws_host_env *env HWS_UNUSED, struct hws_host_service **ret)
{
	return make(&more_hooks, false, ret);
}

static int new_shell(const struct hws_host_env *env HWS_UNUSED, struct hws_host_service **ret)
{
	return make(&shell_hooks, true, ret);
}

static int new_few(const struct hws_host_env *env HWS_UNUSED, struct hws_host_service **ret)
{
	return make(&few_hooks, false, ret);
}

#define DESKTOP HWS_KIND_BIT(HWS_KIND_REMOTE)
#define HOOKS                                                                                      \
	scribe_free, on_join, on_leave, on_update, on_option, on_message, on_line, on_drained,     \
			describe, on_command

static const struct hws_host_service_impl all_hooks = { HWS_SERVICE_CURSOR, "all", DESKTOP, DESKTOP,
	new_all, HOOKS };
static const struct hws_host_service_impl more_hooks = { HWS_SERVICE_INPUT, "more", DESKTOP, 0,
	new_more, HOOKS };
/* None of those that may be left out. */
static const struct hws_host_service_impl few_hooks = { .id = HWS_SERVICE_VIDEO,
	.name = "few",
	.kinds = DESKTOP,
	.new = new_few,
	.free = scribe_free,
	.join = on_join,
	.leave = on_leave };
/* Of another kind of session. */
static const struct hws_host_service_impl shell_hooks = { HWS_SERVICE_TERMINAL, "shell",
	HWS_KIND_BIT(HWS_KIND_TERMINAL), HWS_KIND_BIT(HWS_KIND_TERMINAL), new_shell, HOOKS };

static const struct hws_host_service_impl *const list[] = { &few_hooks, &shell_hooks, &all_hooks,
	&more_hooks, NULL };

static struct hws_host_env env;
static struct hws_host_viewer viewer = { .slot = 3 };
static struct hws_host_set *set;

static void setup(void)
{
	said[0] = 0;
	fails = "";
	alive = 0;
	set = NULL;
}

static void heard(const char *want)
{
	ck_assert_str_eq(said, want);
	said[0] = 0;
}

START_TEST(each_service_is_told_in_its_turn)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__PeerInfo info = SES__PEER_INFO__INIT;
	struct hws_flow_answer a = { .rtt_us = 5 };

	ck_assert_int_eq(hws_host_set_new(list, &env, &set), HWS_OK);
	ck_assert_uint_eq(alive, 4);
	o.custom_fps = 7;
	/* all have joined before one hears of options */
	hws_host_set_join(set, &viewer, &o);
	heard("few.join all.join more.join all.option more.option");
	hws_host_set_join(set, &viewer, NULL);
	heard("few.join all.join more.join");
	hws_host_set_update(set, &viewer);
	heard("all.update more.update");
	hws_host_set_option(set, &viewer, &o);
	heard("all.option more.option");
	hws_host_set_line(set, &viewer, &a);
	heard("all.line more.line");
	hws_host_set_drained(set, &viewer, HWS_SEND_VIDEO);
	heard("all.drained more.drained");
	hws_host_set_describe(set, &viewer, &info);
	heard("all.describe more.describe");
	ck_assert_int_eq(info.current_display, 2);
	/* whose row it is, and nobody else is asked */
	m.union_case = SES__MESSAGE__UNION_CURSOR_ID;
	ck_assert(hws_host_set_message(set, &viewer, &m));
	heard("all.message");
	hws_host_set_leave(set, &viewer);
	heard("few.leave all.leave more.leave");
	hws_host_set_free(set);
	heard("few.free shell.free all.free more.free");
	ck_assert_uint_eq(alive, 0);
	hws_host_set_free(NULL);
}
END_TEST

START_TEST(a_message_that_nobody_serves_is_told_so)
{
	Ses__Message m = SES__MESSAGE__INIT;

	ck_assert_int_eq(hws_host_set_new(list, &env, &set), HWS_OK);
	ck_assert(!hws_host_set_message(set, &viewer, &m)); /* no row */
	m.union_case = SES__MESSAGE__UNION_CLIPBOARD;
	ck_assert(!hws_host_set_message(set, &viewer, &m)); /* no service */
	m.union_case = SES__MESSAGE__UNION_SCREENSHOT_REQUEST;
	ck_assert(!hws_host_set_message(set, &viewer, &m)); /* a service without the hook */
	m.union_case = SES__MESSAGE__UNION_TERMINAL_ACTION;
	ck_assert(!hws_host_set_message(set, &viewer, &m)); /* a service of other sessions */
	heard("");
	m.union_case = SES__MESSAGE__UNION_KEY_EVENT;
	ck_assert(!hws_host_set_message(set, &viewer, &m)); /* a service that does not want it */
	heard("more.message");
	hws_host_set_free(set);
}
END_TEST

START_TEST(a_session_hears_only_of_its_services)
{
	ck_assert_int_eq(hws_host_set_new(list, &env, &set), HWS_OK);
	ck_assert(hws_host_set_opens(set, HWS_KIND_REMOTE));
	ck_assert(hws_host_set_opens(set, HWS_KIND_TERMINAL));
	ck_assert(!hws_host_set_opens(set, HWS_KIND_FILE));
	viewer.kind = HWS_KIND_TERMINAL;
	hws_host_set_join(set, &viewer, NULL);
	hws_host_set_drained(set, &viewer, HWS_SEND_VIDEO);
	hws_host_set_leave(set, &viewer);
	heard("shell.join shell.drained shell.leave");
	viewer.kind = HWS_KIND_REMOTE;
	hws_host_set_free(set);
}
END_TEST

START_TEST(a_command_reaches_the_service_it_names)
{
	struct hws_error err = { 0 };

	ck_assert_int_eq(hws_host_set_new(list, &env, &set), HWS_OK);
	ck_assert_int_eq(hws_host_set_command(set, "all", &viewer, "hello", &err), HWS_ERR_BUSY);
	ck_assert_str_eq(err.text, "not now");
	heard("all.hello");
	ck_assert_int_eq(
			hws_host_set_command(set, "few", &viewer, "hello", &err), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_host_set_command(set, "none", &viewer, "hello", &err),
			HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_host_set_command(set, "shell", &viewer, "hello", &err),
			HWS_ERR_NOTFOUND); /* of other sessions */
	heard("");
	hws_host_set_free(set);
}
END_TEST

START_TEST(one_that_cannot_be_made_leaves_none)
{
	fails = "all";
	ck_assert_int_eq(hws_host_set_new(list, &env, &set), HWS_ERR_DISPLAY);
	heard("few.free shell.free");
	ck_assert_uint_eq(alive, 0);
	fails = "few";
	ck_assert_int_eq(hws_host_set_new(list, &env, &set), HWS_ERR_DISPLAY);
	heard("");
}
END_TEST

START_TEST(two_with_the_same_rows_are_refused)
{
	static const struct hws_host_service_impl *const twice[] = { &few_hooks, &few_hooks, NULL };

	ck_assert_int_eq(hws_host_set_new(twice, &env, &set), HWS_ERR_EXISTS);
	ck_assert_uint_eq(alive, 0);
}
END_TEST

START_TEST(the_real_services_have_what_a_service_must_have)
{
	for (const struct hws_host_service_impl *const *i = hws_host_registry; *i; i++) {
		ck_assert_ptr_nonnull((*i)->new);
		ck_assert_ptr_nonnull((*i)->free);
		ck_assert_ptr_nonnull((*i)->join);
		ck_assert_ptr_nonnull((*i)->leave);
		ck_assert_ptr_nonnull((*i)->name);
		ck_assert_uint_ne((*i)->kinds, 0);
		ck_assert_uint_eq((*i)->opens & ~(*i)->kinds, 0);
		ck_assert_int_gt((*i)->id, HWS_SERVICE_GATE); /* those have no service */
	}
}
END_TEST

/* As the agent has them: on a desktop, with a viewer that is let in, switches its options and is
 * gone. */
START_TEST(the_real_services_work_as_a_set)
{
	struct desk d;
	Ses__PeerInfo info = SES__PEER_INFO__INIT;
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	desk_setup(&d, "headless:64x48");
	hws_host_set_describe(d.services, &d.v[0].g, &info);
	ck_assert_uint_eq(info.n_displays, 1);
	ck_assert_int_eq(info.displays[0]->width, 64);
	ck_assert_ptr_nonnull(info.encoding);
	ck_assert_ptr_nonnull(info.resolutions);
	desk_join(&d, 0);
	desk_wait(&d, 0, SES__MESSAGE__UNION_VIDEO_FRAME, 1);
	ck_assert(!d.v[0].g.show_cursor);
	o.show_remote_cursor = SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
	hws_host_set_option(d.services, &d.v[0].g, &o);
	ck_assert(d.v[0].g.show_cursor);
	o.show_remote_cursor = SES__OPTION_MESSAGE__BOOL_OPTION__NotSet;
	hws_host_set_option(d.services, &d.v[0].g, &o);
	ck_assert(d.v[0].g.show_cursor);
	m.union_case = SES__MESSAGE__UNION_SWITCH_SIDES_RESPONSE;
	ck_assert(!hws_host_set_message(d.services, &d.v[0].g, &m));
	desk_leave(&d, 0);
	desk_teardown(&d);
}
END_TEST

Suite *host_set_suite(void)
{
	Suite *s = suite_create("services/set");
	TCase *t = tcase_create("set");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, each_service_is_told_in_its_turn);
	tcase_add_test(t, a_message_that_nobody_serves_is_told_so);
	tcase_add_test(t, a_session_hears_only_of_its_services);
	tcase_add_test(t, a_command_reaches_the_service_it_names);
	tcase_add_test(t, one_that_cannot_be_made_leaves_none);
	tcase_add_test(t, two_with_the_same_rows_are_refused);
	tcase_add_test(t, the_real_services_have_what_a_service_must_have);
	tcase_add_test(t, the_real_services_work_as_a_set);
	suite_add_tcase(s, t);
	return s;
}
