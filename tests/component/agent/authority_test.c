/* A gate that lies: whatever it sends, its agent serves what hostd has said of the session and
 * nothing else. The desktop is served by witnesses in place of the services: one for each that the
 * table of messages knows, which note what they hear. */
#include "client/services/host_service.h"
#include "shared/wire/field.h"
#include "shared/wire/limits.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_table.h"
#include "tests/component/agent/gates.h"
#include "tests/support/suite.h"
#include "tests/support/xvfb.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KIND(k) ((Agt__SessionKind)(k))

/* --- the witnesses, in the agent's process ---------------------------------------------------- */

/* What they note lies in memory that the test shares with them. */
struct seen {
	unsigned heard[HWS_SESSION_ROWS_MAX];
	unsigned options, joined, left, updates;
	unsigned privacy, blocking, files, persistent; /* that were to be switched on */
	uint32_t permissions;                          /* of the last one of these */
};
static struct seen *seen;

static void join(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v)
{
	seen->joined++;
	seen->permissions = v->permissions;
}

static void leave(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v HWS_UNUSED)
{
	seen->left++;
}

static void update(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v)
{
	seen->updates++;
	seen->permissions = v->permissions;
}

/* The smallest message of a row, padded to `len` with a field that nobody knows. */
static size_t make(const struct hws_session_row *row, size_t len, uint8_t *to)
{
	const bool in_misc = row->misc != 0;
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(
			in_misc ? &ses__misc__descriptor : &ses__message__descriptor,
			in_misc ? row->misc : row->field);
	bool bytes = f->type == PROTOBUF_C_TYPE_MESSAGE || f->type == PROTOBUF_C_TYPE_STRING ||
			f->type == PROTOBUF_C_TYPE_BYTES;
	uint8_t inner[16];
	size_t n = hws_varint_put((uint64_t)f->id << 3 | (bytes ? 2 : 0), inner);

	inner[n++] = bytes ? 0 : 1;
	memcpy(to, inner, n);
	if (in_misc) {
		size_t head = hws_varint_put((uint64_t)row->field << 3 | 2, to);

		to[head++] = (uint8_t)n;
		memcpy(to + head, inner, n);
		n += head;
	}
	if (len > n) {
		size_t head = n + hws_varint_put(500u << 3 | 2, to + n);
		size_t rest = len - head;

		rest -= rest > 0x3fff + 3 ? 3 : rest > 0x7f + 2 ? 2 : 1;
		n = head + hws_varint_put(rest, to + head);
		memset(to + n, 0, rest);
		n += rest;
	}
	return n;
}

/* Says each message that there is to the viewer, when it is asked for them by an option, and then
 * one that every viewer may have. */
static void say_all(struct hws_host_viewer *v)
{
	static uint8_t buf[64];

	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++) {
		const struct hws_session_row *row = hws_session_row_at(i);

		if (row &&
				v->send_parts(v, row, hws_bytes(buf, make(row, 0, buf)),
						(struct hws_bytes){ 0 }) == HWS_ERR_TOOBIG)
			seen->updates = 0;
	}
	const struct hws_session_row *last =
			hws_session_row(SES__MESSAGE__UNION_MISC, SES__MISC__UNION_CLOSE_REASON);
	(void)v->send_parts(v, last, hws_bytes(buf, make(last, 0, buf)), (struct hws_bytes){ 0 });
}

#define SAY_ALL 77

static void option(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v,
		const Ses__OptionMessage *o)
{
	const Ses__OptionMessage__BoolOption yes = SES__OPTION_MESSAGE__BOOL_OPTION__Yes;

	seen->privacy += o->privacy_mode == yes;
	seen->blocking += o->block_input == yes;
	seen->files += o->enable_file_transfer == yes;
	seen->persistent += o->terminal_persistent == yes;
	if (o->custom_fps == SAY_ALL)
		say_all(v);
	seen->options++;
}

static bool message(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v HWS_UNUSED,
		const Ses__Message *m)
{
	seen->heard[hws_session_row_number(hws_session_row_of(m))]++;
	return true;
}

static void witness_free(struct hws_host_service *s)
{
	free(s);
}

#define WITNESS(service, ...)                                                                      \
	static int new_##service(                                                                  \
			const struct hws_host_env *env HWS_UNUSED, struct hws_host_service **ret); \
	static const struct hws_host_service_impl witness_##service = { HWS_SERVICE_##service,     \
		#service, HWS_KIND_ANY, HWS_KIND_ANY, new_##service, witness_free,                 \
		.message = message, __VA_ARGS__ };                                                 \
	static int new_##service(                                                                  \
			const struct hws_host_env *env HWS_UNUSED, struct hws_host_service **ret)  \
	{                                                                                          \
		struct hws_host_service *s = calloc(1, sizeof(*s));                                \
                                                                                                   \
		s->impl = &witness_##service;                                                      \
		*ret = s;                                                                          \
		return HWS_OK;                                                                     \
	}

WITNESS(CORE, .join = join, .leave = leave, .update = update, .option = option)
WITNESS(GATE)
WITNESS(VIDEO)
WITNESS(CURSOR)
WITNESS(INPUT)
WITNESS(CLIPBOARD)
WITNESS(CLIPFILES)
WITNESS(CHAT)
WITNESS(SOUND)
WITNESS(FILES)
WITNESS(TERMINAL)
WITNESS(DISPLAYS)
WITNESS(PRIVACY)
WITNESS(ELEVATION)
WITNESS(SIDES)
WITNESS(MACHINE)
WITNESS(TUNNEL)

/* In place of the real ones: the linker takes this list. */
const struct hws_host_service_impl *const hws_host_registry[] = { &witness_CORE, &witness_GATE,
	&witness_VIDEO, &witness_CURSOR, &witness_INPUT, &witness_CLIPBOARD, &witness_CHAT,
	&witness_CLIPFILES, &witness_SOUND, &witness_FILES, &witness_TERMINAL, &witness_DISPLAYS,
	&witness_PRIVACY, &witness_ELEVATION, &witness_SIDES, &witness_MACHINE, &witness_TUNNEL,
	NULL };
const struct hws_host_service_impl *const hws_host_files_registry[] = { NULL };
const struct hws_host_service_impl *const hws_host_terminal_registry[] = { NULL };
const struct hws_host_service_impl *const hws_host_tunnel_registry[] = { NULL };
const struct hws_host_service_impl *const hws_host_camera_registry[] = { NULL };
_Static_assert(HWS_COUNT(hws_host_registry) == HWS_SERVICE_COUNT + 1, "a witness for each");

/* --- the gate --------------------------------------------------------------------------------- */

static unsigned said[HWS_SESSION_ROWS_MAX], said_last;

static void hears(struct gate *g HWS_UNUSED, struct hws_bytes m)
{
	const struct hws_session_row *row = NULL;

	ck_assert_int_eq(hws_session_scan(m, &row), HWS_OK);
	ck_assert_ptr_nonnull(row);
	said[hws_session_row_number(row)]++;
	if (row->misc == SES__MISC__UNION_CLOSE_REASON)
		said_last++;
}

static void send_bytes(struct hws_bytes b)
{
	ck_assert_int_eq(hws_ipc_send_wire(h.gate[0].link, HWS_CHANNEL_INPUT, b), HWS_OK);
}

static void send_option(const Ses__OptionMessage *o)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_OPTION;
	misc.option = (Ses__OptionMessage *)(uintptr_t)o;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	send_wire(0, &m);
}

/* An option is taken in every session: when it is seen, what was sent before was read. */
static void settle(void)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	unsigned n = seen->options + 1;
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	send_option(&o);
	while (*(volatile unsigned *)&seen->options < n) {
		ck_assert_msg(test_now_ms() < end, "the agent reads nothing");
		hws_loop_once(h.loop, 2000);
	}
}

static void setup(void)
{
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(seen, MAP_FAILED);
	start_agent("headless:320x200", NULL);
	wait_for(&h.states, 1);
	ck_assert(h.ready);
}

static void teardown(void)
{
	ck_assert_int_eq(stop_agent(), 0);
	munmap(seen, sizeof(*seen));
}

static void begin(uint64_t permissions, enum hws_session_kind kind)
{
	memset(&h.gate[0], 0, sizeof(h.gate[0]));
	memset(seen, 0, sizeof(*seen));
	memset(said, 0, sizeof(said));
	said_last = 0;
	h.gate[0].hears = hears;
	open_gate(0, permissions, KIND(kind));
	ck_assert_msg(h.gate[0].ok, "%s", h.gate[0].error);
}

static void end(void)
{
	hws_ipc_close(h.gate[0].link, HWS_OK);
	settle_hostd();
}

/* Every permission, none, and each one missing. */
#define SETS (HWS_PERM_COUNT + 2u)

static uint32_t permission_set(unsigned i)
{
	return i == 0 ? ~0u : i == 1 ? 0 : ~0u & ~HWS_NEED(i - 2);
}

/* --- the tests -------------------------------------------------------------------------------- */

/* What the row itself says, without the judgement that gate and agent use. */
static bool belongs(const struct hws_session_row *row, enum hws_session_direction to,
		enum hws_session_kind kind, uint32_t permissions)
{
	/* without a keyboard every session but that of the desktop */
	if (kind != HWS_KIND_REMOTE)
		permissions &= ~HWS_NEED(HWS_PERM_KEYBOARD);
	return row->states[to] & HWS_AT_OPEN && row->kinds & HWS_KIND_BIT(kind) &&
			(hws_session_need(row, kind) & ~permissions) == 0;
}

static void send_every_row(void)
{
	uint8_t buf[64];

	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++) {
		const struct hws_session_row *row = hws_session_row_at(i);

		if (row && row->act != HWS_ACT_OPTION)
			send_bytes(hws_bytes(buf, make(row, 0, buf)));
	}
	settle();
}

static void check_heard(enum hws_session_kind kind, uint32_t permissions)
{
	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++) {
		const struct hws_session_row *row = hws_session_row_at(i);

		if (!row || row->act == HWS_ACT_OPTION)
			continue;
		unsigned want = row->act == HWS_ACT_FORWARD &&
				belongs(row, HWS_TO_HOST, kind, permissions);
		ck_assert_msg(seen->heard[i] == want,
				"%s in a %s session with permissions %x: heard %u times", row->name,
				hws_session_kind_name(kind), permissions, seen->heard[i]);
	}
}

START_TEST(no_row_passes_without_its_permission_and_kind)
{
	for (enum hws_session_kind kind = 0; kind < HWS_KIND_COUNT; kind++)
		for (unsigned i = 0; i < SETS; i++) {
			begin(permission_set(i), kind);
			send_every_row();
			check_heard(kind, permission_set(i));
			end();
		}
}
END_TEST

START_TEST(no_row_is_longer_than_its_cap)
{
	static uint8_t buf[(1u << 20) + 64];

	for (enum hws_session_kind kind = 0; kind < HWS_KIND_COUNT; kind++) {
		begin(~0u, kind);
		for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++) {
			const struct hws_session_row *row = hws_session_row_at(i);

			if (row && row->act != HWS_ACT_OPTION && row->cap <= 1u << 20)
				send_bytes(hws_bytes(buf, make(row, row->cap + 1, buf)));
		}
		settle();
		for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++)
			ck_assert_uint_eq(seen->heard[i], 0);
		end();
	}
}
END_TEST

/* A gate in foreign hands hears nothing that its viewer may not have. */
START_TEST(nothing_is_said_without_its_permission_and_kind)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;

	o.custom_fps = SAY_ALL;
	for (enum hws_session_kind kind = 0; kind < HWS_KIND_COUNT; kind++)
		for (unsigned k = 0; k < SETS; k++) {
			begin(permission_set(k), kind);
			send_option(&o);
			wait_for(&said_last, 2);
			for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++) {
				const struct hws_session_row *row = hws_session_row_at(i);

				if (!row || row->misc == SES__MISC__UNION_CLOSE_REASON)
					continue;
				unsigned want = row->service != HWS_SERVICE_GATE &&
						belongs(row, HWS_TO_VIEWER, kind,
								permission_set(k));
				ck_assert_msg(said[i] == want, "%s in a %s session, %x", row->name,
						hws_session_kind_name(kind), permission_set(k));
			}
			end();
		}
}
END_TEST

/* What hostd takes away is gone at once, and its gate cannot take it back. */
START_TEST(what_hostd_takes_away_stays_away)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;

	begin(~0u, HWS_KIND_REMOTE);
	permit_gate(0, 0);
	settle_hostd();
	o.disable_keyboard = SES__OPTION_MESSAGE__BOOL_OPTION__No; /* nothing was disabled */
	o.disable_clipboard = SES__OPTION_MESSAGE__BOOL_OPTION__No;
	send_option(&o);
	send_every_row();
	check_heard(HWS_KIND_REMOTE, 0);
	ck_assert_uint_eq(seen->permissions, 0);
	memset(seen->heard, 0, sizeof(seen->heard));
	permit_gate(0, HWS_NEED(HWS_PERM_CLIPBOARD));
	settle_hostd();
	send_every_row();
	check_heard(HWS_KIND_REMOTE, HWS_NEED(HWS_PERM_CLIPBOARD));
	end();
}
END_TEST

START_TEST(a_viewers_own_wishes_only_take_away)
{
	const uint32_t granted = HWS_NEED(HWS_PERM_KEYBOARD) | HWS_NEED(HWS_PERM_AUDIO);
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;

	begin(granted, HWS_KIND_REMOTE);
	o.disable_keyboard = SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
	o.disable_clipboard = SES__OPTION_MESSAGE__BOOL_OPTION__No;
	send_option(&o);
	send_every_row();
	check_heard(HWS_KIND_REMOTE, HWS_NEED(HWS_PERM_AUDIO));
	memset(seen->heard, 0, sizeof(seen->heard));
	o.disable_keyboard = SES__OPTION_MESSAGE__BOOL_OPTION__No;
	send_option(&o);
	send_every_row();
	check_heard(HWS_KIND_REMOTE, granted);
	end();
}
END_TEST

/* Options are no rows of the table: what they switch on needs its permission all the same. */
START_TEST(an_option_switches_on_only_what_is_permitted)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;

	o.privacy_mode = o.block_input = o.enable_file_transfer = o.terminal_persistent =
			SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
	begin(~0u & ~HWS_NEED(HWS_PERM_PRIVACY_MODE) & ~HWS_NEED(HWS_PERM_BLOCK_INPUT) &
					~HWS_NEED(HWS_PERM_FILE) & ~HWS_NEED(HWS_PERM_TERMINAL),
			HWS_KIND_REMOTE);
	send_option(&o);
	settle();
	ck_assert_uint_eq(seen->privacy + seen->blocking + seen->files + seen->persistent, 0);
	permit_gate(0, ~0u);
	settle_hostd();
	send_option(&o);
	settle();
	ck_assert_uint_eq(seen->privacy, 1);
	ck_assert_uint_eq(seen->blocking, 1);
	ck_assert_uint_eq(seen->files, 1);
	ck_assert_uint_eq(seen->persistent, 1);
	end();
}
END_TEST

/* Once hostd says that a session is over its gate hears and is heard no more, and loses the link
 * even when it holds on to it. */
START_TEST(a_gate_does_not_outlive_its_session)
{
	begin(~0u, HWS_KIND_REMOTE);
	wait_for(&h.let_in, 1);
	settle();
	unsigned options = seen->options;
	ck_assert_uint_eq(seen->joined, 1);
	end_gate(0);
	settle_hostd();
	ck_assert_uint_eq(seen->left, 1);
	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++) {
		const struct hws_session_row *row = hws_session_row_at(i);
		uint8_t buf[64];

		if (row)
			send_bytes(hws_bytes(buf, make(row, 0, buf)));
	}
	wait_for(&h.gate[0].closed, 1);
	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++)
		ck_assert_uint_eq(seen->heard[i], 0);
	ck_assert_uint_eq(seen->options, options);
}
END_TEST

/* What hostd says of another connection does not concern this one. */
START_TEST(sessions_are_told_apart)
{
	begin(0, HWS_KIND_REMOTE);
	open_gate(1, 0, REMOTE);
	permit_gate(1, ~0u);
	settle_hostd();
	send_every_row();
	check_heard(HWS_KIND_REMOTE, 0);
	end_gate(1);
	settle_hostd();
	settle();
	ck_assert_uint_eq(h.gate[0].closed, 0);
	wait_for(&h.gate[1].closed, 1);
	end();
}
END_TEST

int main(void)
{
	return test_main("agent/authority", 200, setup, teardown,
			TESTS(no_row_passes_without_its_permission_and_kind,
					no_row_is_longer_than_its_cap,
					nothing_is_said_without_its_permission_and_kind,
					what_hostd_takes_away_stays_away,
					a_viewers_own_wishes_only_take_away,
					an_option_switches_on_only_what_is_permitted,
					a_gate_does_not_outlive_its_session,
					sessions_are_told_apart));
}
