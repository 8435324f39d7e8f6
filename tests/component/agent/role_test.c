/* Agents of the roles that need no desktop: each begins with what its owner has set, serves the
 * kind of session that is its own, and hears nothing that is another's, whatever a gate says. */
#include "client/services/host_service.h"
#include "shared/wire/field.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_table.h"
#include "tests/component/agent/gates.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* --- the witnesses, in the agent's process ---------------------------------------------------- */

static struct seen {
	unsigned heard[HWS_SERVICE_COUNT], configured, options;
	unsigned access;
	char targets[64];
} * seen;

struct witness {
	struct hws_host_service base;
	const struct hws_service_conf *conf;
};

static bool message(struct hws_host_service *s, struct hws_host_viewer *v HWS_UNUSED,
		const Ses__Message *m HWS_UNUSED)
{
	seen->heard[s->impl->id]++;
	return true;
}

static void option(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v HWS_UNUSED,
		const Ses__OptionMessage *o HWS_UNUSED)
{
	seen->options++;
}

static void look(const struct witness *w)
{
	seen->access = w->conf->files_access;
	strncpy(seen->targets, w->conf->tunnel_targets, sizeof(seen->targets) - 1);
}

static void configure(struct hws_host_service *s)
{
	look((const struct witness *)s);
	seen->configured++;
}

static void witness_free(struct hws_host_service *s)
{
	free(s);
}

#define WITNESS(service, kind)                                                                     \
	static int new_##service(const struct hws_host_env *env, struct hws_host_service **ret);   \
	static const struct hws_host_service_impl impl_##service = { HWS_SERVICE_##service,        \
		#service, HWS_KIND_BIT(HWS_KIND_##kind), HWS_KIND_BIT(HWS_KIND_##kind),            \
		new_##service, witness_free, .message = message, .option = option,                 \
		.configure = configure };                                                          \
	static int new_##service(const struct hws_host_env *env, struct hws_host_service **ret)    \
	{                                                                                          \
		struct witness *w = calloc(1, sizeof(*w));                                         \
                                                                                                   \
		if (!w || env->platform || !env->conf->files_root_count)                           \
			return HWS_ERR_INVAL;                                                      \
		w->base.impl = &impl_##service;                                                    \
		w->conf = env->conf;                                                               \
		look(w);                                                                           \
		*ret = &w->base;                                                                   \
		return HWS_OK;                                                                     \
	}

WITNESS(FILES, FILE)
WITNESS(TERMINAL, TERMINAL)
WITNESS(TUNNEL, FORWARD)

/* In place of the real ones: the linker takes these lists. */
const struct hws_host_service_impl *const hws_host_registry[] = { NULL };
const struct hws_host_service_impl *const hws_host_files_registry[] = { &impl_FILES, NULL };
const struct hws_host_service_impl *const hws_host_terminal_registry[] = { &impl_TERMINAL, NULL };
const struct hws_host_service_impl *const hws_host_tunnel_registry[] = { &impl_TUNNEL, NULL };
const struct hws_host_service_impl *const hws_host_camera_registry[] = { NULL };

static const struct {
	enum hws_agent_role role;
	enum hws_session_kind kind;
	enum hws_service_id service;
} roles[] = { { HWS_AGENT_FILES, HWS_KIND_FILE, HWS_SERVICE_FILES },
	{ HWS_AGENT_TERMINAL, HWS_KIND_TERMINAL, HWS_SERVICE_TERMINAL },
	{ HWS_AGENT_TUNNEL, HWS_KIND_FORWARD, HWS_SERVICE_TUNNEL } };

/* --- the test's end --------------------------------------------------------------------------- */

static void setup(void)
{
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(seen, MAP_FAILED);
}

static void teardown(void)
{
	ck_assert_int_eq(stop_agent(), 0);
	munmap(seen, sizeof(*seen));
}

static void tell(const char *roots, unsigned access)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentConf c = AGT__AGENT_CONF__INIT;

	c.files_roots = (char *)(uintptr_t)roots;
	c.files_access = access;
	c.tunnel_targets = (char *)"127.0.0.1:22";
	m.union_case = AGT__MESSAGE__UNION_AGENT_CONF;
	m.agent_conf = &c;
	ck_assert_int_eq(hws_ipc_send(h.hostd, &m, -1), HWS_OK);
}

static void begin(enum hws_agent_role role)
{
	memset(seen, 0, sizeof(*seen));
	start_role(role);
	tell("/tmp", 0);
	wait_for(&h.states, 1);
	ck_assert_msg(h.ready, "%s", h.error);
}

static void close_session(void)
{
	hws_ipc_close(h.gate[0].link, HWS_OK);
	settle_hostd();
	memset(&h.gate[0], 0, sizeof(h.gate[0]));
}

static void hears(struct gate *g HWS_UNUSED, struct hws_bytes m HWS_UNUSED)
{
}

static void send_row(const struct hws_session_row *row)
{
	uint8_t buf[32], inner[16];
	const bool in_misc = row->misc != 0;
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(
			in_misc ? &ses__misc__descriptor : &ses__message__descriptor,
			in_misc ? row->misc : row->field);
	bool bytes = f->type == PROTOBUF_C_TYPE_MESSAGE || f->type == PROTOBUF_C_TYPE_STRING ||
			f->type == PROTOBUF_C_TYPE_BYTES;
	size_t n = hws_varint_put((uint64_t)f->id << 3 | (bytes ? 2 : 0), inner), head = 0;

	inner[n++] = bytes ? 0 : 1;
	if (in_misc) {
		head = hws_varint_put((uint64_t)row->field << 3 | 2, buf);
		buf[head++] = (uint8_t)n;
	}
	memcpy(buf + head, inner, n);
	ck_assert_int_eq(hws_ipc_send_wire(h.gate[0].link, HWS_CHANNEL_INPUT,
					 hws_bytes(buf, head + n)),
			HWS_OK);
}

/* --- the tests -------------------------------------------------------------------------------- */

START_TEST(a_role_serves_its_own_kind)
{
	begin(roles[_i].role);
	for (enum hws_session_kind kind = 0; kind < HWS_KIND_COUNT; kind++) {
		open_gate(0, ALL, (Agt__SessionKind)kind);
		ck_assert_msg(h.gate[0].ok == (kind == roles[_i].kind), "%s at %s",
				hws_session_kind_name(kind), hws_agent_role_name(roles[_i].role));
		close_session();
	}
}
END_TEST

/* A gate in foreign hands sends each message that there is. */
START_TEST(a_role_hears_its_own_messages)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	unsigned own = 0;

	begin(roles[_i].role);
	h.gate[0].hears = hears;
	open_gate(0, ALL, (Agt__SessionKind)roles[_i].kind);
	ck_assert(h.gate[0].ok);
	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++) {
		const struct hws_session_row *row = hws_session_row_at(i);

		if (!row || row->act == HWS_ACT_OPTION)
			continue;
		send_row(row);
		own += row->service == roles[_i].service && row->act == HWS_ACT_FORWARD &&
				row->states[HWS_TO_HOST] & HWS_AT_OPEN &&
				row->kinds & HWS_KIND_BIT(roles[_i].kind);
	}
	misc.union_case = SES__MISC__UNION_OPTION;
	misc.option = &o;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	send_wire(0, &m);
	while (*(volatile unsigned *)&seen->options < 1) {
		ck_assert_uint_lt(test_now_ms(), end);
		hws_loop_once(h.loop, 2000);
	}
	ck_assert_uint_ge(own, 1);
	for (unsigned i = 0; i < HWS_SERVICE_COUNT; i++)
		ck_assert_uint_eq(seen->heard[i], i == roles[_i].service ? own : 0);
}
END_TEST

START_TEST(a_role_begins_with_what_is_set)
{
	start_role(roles[_i].role);
	settle_hostd();
	ck_assert_uint_eq(h.states, 0);
	tell("~", 1);
	wait_for(&h.states, 1);
	ck_assert_msg(h.ready, "%s", h.error);
	ck_assert_uint_eq(seen->access, 1);
	ck_assert_str_eq(seen->targets, "127.0.0.1:22");
	tell("~", 2);
	settle_hostd();
	ck_assert_uint_eq(seen->configured, 1);
	ck_assert_uint_eq(seen->access, 2);
	/* what is no mode takes nothing and gives nothing away that could be changed */
	tell("~", 77);
	settle_hostd();
	ck_assert_uint_eq(seen->access, 1);
}
END_TEST

START_TEST(files_without_a_folder_are_not_served)
{
	memset(seen, 0, sizeof(*seen));
	start_role(HWS_AGENT_FILES);
	tell("not/absolute", 0);
	wait_for(&h.states, 1);
	ck_assert(!h.ready);
	ck_assert(strstr(h.error, "files-roots") != NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent/role");
	TCase *t = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 200);
	tcase_add_loop_test(t, a_role_serves_its_own_kind, 0, HWS_COUNT(roles));
	tcase_add_loop_test(t, a_role_hears_its_own_messages, 0, HWS_COUNT(roles));
	tcase_add_loop_test(t, a_role_begins_with_what_is_set, 0, HWS_COUNT(roles));
	tcase_add_test(t, files_without_a_folder_are_not_served);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
