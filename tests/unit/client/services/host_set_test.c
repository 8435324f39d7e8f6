/* The loops over the services of a desktop, with services that write down what they are told; and what every service of
 * the real list must have. */
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
	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_CURSOR_ID);
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

static void on_drained(struct hws_host_service *s, struct hws_host_viewer *v)
{
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

static const struct hws_host_service_impl all_hooks, few_hooks;

static int new_all(const struct hws_host_env *env HWS_UNUSED, struct hws_host_service **ret)
{
	return make(&all_hooks, true, ret);
}

static int new_few(const struct hws_host_env *env HWS_UNUSED, struct hws_host_service **ret)
{
	return make(&few_hooks, false, ret);
}

static const struct hws_host_service_impl all_hooks = { "all", new_all, scribe_free, on_join,
	on_leave, on_update, on_option, on_message, on_line, on_drained, describe, on_command };
static const struct hws_host_service_impl few_hooks = {
	.name = "few", .new = new_few, .free = scribe_free, .join = on_join, .leave = on_leave
};

/* "few" has none of the hooks that may be left out; "all" stands twice, so that a message shows who is asked first. */
static const struct hws_host_service_impl *const list[] = { &few_hooks, &all_hooks, &all_hooks,
	NULL };

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
	ck_assert_uint_eq(alive, 3);
	o.custom_fps = 7;
	/* all have joined before one hears of options */
	hws_host_set_join(set, &viewer, &o);
	heard("few.join all.join all.join all.option all.option");
	hws_host_set_join(set, &viewer, NULL);
	heard("few.join all.join all.join");
	hws_host_set_update(set, &viewer);
	heard("all.update all.update");
	hws_host_set_option(set, &viewer, &o);
	heard("all.option all.option");
	hws_host_set_line(set, &viewer, &a);
	heard("all.line all.line");
	hws_host_set_drained(set, &viewer);
	heard("all.drained all.drained");
	hws_host_set_describe(set, &info);
	heard("all.describe all.describe");
	ck_assert_int_eq(info.current_display, 2);
	/* who takes a message is the last to be asked */
	m.union_case = SES__MESSAGE__UNION_CURSOR_ID;
	ck_assert(hws_host_set_message(set, &viewer, &m));
	heard("all.message");
	hws_host_set_leave(set, &viewer);
	heard("few.leave all.leave all.leave");
	hws_host_set_free(set);
	heard("few.free all.free all.free");
	ck_assert_uint_eq(alive, 0);
	hws_host_set_free(NULL);
}
END_TEST

START_TEST(a_message_that_is_nobodys_is_told_so)
{
	static const struct hws_host_service_impl *const only[] = { &few_hooks, NULL };
	Ses__Message m = SES__MESSAGE__INIT;

	ck_assert_int_eq(hws_host_set_new(only, &env, &set), HWS_OK);
	ck_assert(!hws_host_set_message(set, &viewer, &m));
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
	heard("");
	hws_host_set_free(set);
}
END_TEST

START_TEST(one_that_cannot_be_made_leaves_none)
{
	fails = "all";
	ck_assert_int_eq(hws_host_set_new(list, &env, &set), HWS_ERR_DISPLAY);
	heard("few.free");
	ck_assert_uint_eq(alive, 0);
	fails = "few";
	ck_assert_int_eq(hws_host_set_new(list, &env, &set), HWS_ERR_DISPLAY);
	heard("");
}
END_TEST

START_TEST(more_than_there_is_room_for_are_refused)
{
	const struct hws_host_service_impl *many[HWS_HOST_SERVICES_MAX + 2] = { 0 };

	for (unsigned i = 0; i <= HWS_HOST_SERVICES_MAX; i++)
		many[i] = &few_hooks;
	ck_assert_int_eq(hws_host_set_new(many, &env, &set), HWS_ERR_FULL);
	ck_assert_uint_eq(alive, 0);
	many[HWS_HOST_SERVICES_MAX] = NULL;
	said[0] = 0;
	ck_assert_int_eq(hws_host_set_new(many, &env, &set), HWS_OK);
	ck_assert_uint_eq(alive, HWS_HOST_SERVICES_MAX);
	hws_host_set_free(set);
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
		for (const struct hws_host_service_impl *const *k = hws_host_registry; k != i; k++)
			ck_assert_str_ne((*k)->name, (*i)->name);
	}
}
END_TEST

/* As the agent has them: on a desktop, with a viewer that is let in, switches its options and is gone. */
START_TEST(the_real_services_work_as_a_set)
{
	struct desk d;
	Ses__PeerInfo info = SES__PEER_INFO__INIT;
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	desk_setup(&d, "headless:64x48");
	hws_host_set_describe(d.services, &info);
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
	tcase_add_test(t, a_message_that_is_nobodys_is_told_so);
	tcase_add_test(t, a_command_reaches_the_service_it_names);
	tcase_add_test(t, one_that_cannot_be_made_leaves_none);
	tcase_add_test(t, more_than_there_is_room_for_are_refused);
	tcase_add_test(t, the_real_services_have_what_a_service_must_have);
	tcase_add_test(t, the_real_services_work_as_a_set);
	suite_add_tcase(s, t);
	return s;
}
