/* host/ipc_caps: every text that hostd takes has an end, and nothing else is taken. What must be
 * capped is read from the schema, so that a new field is not forgotten. */
#include "client/host/ipc_caps.h"
#include "client/host/strategy.h"
#include "proto/agent.pb-c.h"
#include "shared/crypto/identity.h"
#include "shared/wire/field.h"
#include "shared/wire/limits.h"
#include "tests/support/suite.h"
#include <string.h>

typedef int (*checker)(struct hws_bytes message);

#define LONG (HWS_SES_LOGIN_FRAME_MAX + 1024u)
static uint8_t room[2 * LONG + 64];

static size_t put_field(uint8_t *to, unsigned number, const uint8_t *data, size_t len)
{
	size_t n = hws_varint_put((uint64_t)number << 3 | 2, to);

	n += hws_varint_put(len, to + n);
	if (len)
		memcpy(to + n, data, len);
	return n + len;
}

/* A message with one field of `len` bytes, `times` times. */
static int ask_times(checker check, unsigned message, unsigned field, size_t len, unsigned times)
{
	static uint8_t inner[2 * LONG], data[LONG];
	size_t n = 0;

	ck_assert_uint_le(len, sizeof(data));
	for (unsigned i = 0; i < times; i++)
		n += put_field(inner + n, field, data, len);
	n = put_field(room, message, inner, n);
	return check(hws_bytes(room, n));
}

static int ask(checker check, unsigned message, unsigned field, size_t len)
{
	return ask_times(check, message, field, len, 1);
}

static bool has_length(const ProtobufCFieldDescriptor *f)
{
	return f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_BYTES ||
			f->type == PROTOBUF_C_TYPE_MESSAGE;
}

/* Of each message that is taken at all: lists and messages in messages are not, texts end. */
static unsigned count_taken(checker check, size_t longest)
{
	const ProtobufCMessageDescriptor *all = &agt__message__descriptor;
	unsigned taken = 0;

	for (unsigned i = 0; i < all->n_fields; i++) {
		const ProtobufCFieldDescriptor *m = &all->fields[i];
		const ProtobufCMessageDescriptor *d = m->descriptor;

		if (m->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (check(hws_bytes(room, put_field(room, m->id, NULL, 0))) < 0)
			continue;
		taken++;
		for (unsigned k = 0; k < d->n_fields; k++) {
			const ProtobufCFieldDescriptor *f = &d->fields[k];

			ck_assert_msg(f->label != PROTOBUF_C_LABEL_REPEATED &&
							f->type != PROTOBUF_C_TYPE_MESSAGE,
					"%s.%s is no plain value", d->name, f->name);
			if (!has_length(f))
				continue;
			ck_assert_msg(ask(check, m->id, f->id, 1) == HWS_OK, "%s.%s has no cap",
					d->name, f->name);
			ck_assert_msg(ask(check, m->id, f->id, longest + 1) == HWS_ERR_TOOBIG,
					"%s.%s may be longer than %zu", d->name, f->name, longest);
			ck_assert_int_eq(ask_times(check, m->id, f->id, 1, 2), HWS_ERR_PROTO);
		}
	}
	return taken;
}

START_TEST(every_text_to_hostd_is_capped)
{
	ck_assert_uint_eq(count_taken(hws_ipc_check_gate, HWS_IPC_TEXT_MAX), 7);
	ck_assert_uint_eq(count_taken(hws_ipc_check_agent, HWS_IPC_PATH_MAX), 8);
	ck_assert_uint_eq(count_taken(hws_ipc_check_beacon, 32), 1);
	/* numbers alone */
	ck_assert_uint_eq(count_taken(hws_ipc_check_ports, 0), 1);
	/* what has a signature of another one */
	ck_assert_uint_eq(count_taken(hws_ipc_check_report, HWS_STRATEGY_TEXT_MAX), 2);
	ck_assert_int_eq(ask(hws_ipc_check_report, AGT__MESSAGE__UNION_REPORT_STRATEGY, 2,
					 HWS_SIG_LEN + 1),
			HWS_ERR_TOOBIG);
}
END_TEST

START_TEST(every_text_between_gate_and_agent_is_capped)
{
	ck_assert_uint_eq(
			count_taken(hws_ipc_check_gate_to_agent, HWS_SES_LOGIN_FRAME_MAX + 256), 2);
	ck_assert_uint_eq(count_taken(hws_ipc_check_agent_to_gate, HWS_SES_LOGIN_FRAME_MAX), 2);
}
END_TEST

START_TEST(a_cap_lets_its_own_length_through)
{
	ck_assert_int_eq(ask(hws_ipc_check_gate, AGT__MESSAGE__UNION_LOGIN_CHECK, 2,
					 HWS_IPC_PROOF_MAX),
			HWS_OK);
	ck_assert_int_eq(ask(hws_ipc_check_gate, AGT__MESSAGE__UNION_LOGIN_CHECK, 2,
					 HWS_IPC_PROOF_MAX + 1),
			HWS_ERR_TOOBIG);
	ck_assert_int_eq(ask(hws_ipc_check_gate, AGT__MESSAGE__UNION_LOGIN_CHECK, 3,
					 HWS_IPC_TEXT_MAX),
			HWS_OK);
	/* errors of an agent are shown to viewers, paths only in the audit log */
	ck_assert_int_eq(ask(hws_ipc_check_agent, AGT__MESSAGE__UNION_AGENT_STATE, 3, 513),
			HWS_ERR_TOOBIG);
	ck_assert_int_eq(ask(hws_ipc_check_agent, AGT__MESSAGE__UNION_AGENT_AUDIT, 1, 32),
			HWS_ERR_TOOBIG);
}
END_TEST

/* What hostd itself says, or what one kind of process has no business to say. */
START_TEST(messages_of_others_are_refused)
{
	static const unsigned others[] = { AGT__MESSAGE__UNION_GATE_START,
		AGT__MESSAGE__UNION_GATE_RELAY, AGT__MESSAGE__UNION_AGENT_STATE,
		AGT__MESSAGE__UNION_OPEN, AGT__MESSAGE__UNION_OPENED, 99, 1000 };

	for (size_t i = 0; i < HWS_COUNT(others); i++)
		ck_assert_int_eq(hws_ipc_check_gate(hws_bytes(
						 room, put_field(room, others[i], NULL, 0))),
				HWS_ERR_PROTO);
	ck_assert_int_eq(
			hws_ipc_check_agent(hws_bytes(room,
					put_field(room, AGT__MESSAGE__UNION_LOGIN_CHECK, NULL, 0))),
			HWS_ERR_PROTO);
}
END_TEST

START_TEST(what_does_not_parse_is_refused)
{
	size_t n = put_field(room, AGT__MESSAGE__UNION_GATE_STATE, NULL, 0);

	n += put_field(room + n, AGT__MESSAGE__UNION_GATE_STATE, NULL, 0);
	ck_assert_int_eq(hws_ipc_check_gate(hws_bytes(room, n)), HWS_ERR_PROTO); /* two */
	n = put_field(room, AGT__MESSAGE__UNION_GATE_STATE, (const uint8_t *)"\x0a\x05who", 5);
	ck_assert_int_eq(hws_ipc_check_gate(hws_bytes(room, n)), HWS_ERR_PROTO); /* cut */
	n = put_field(room, AGT__MESSAGE__UNION_GATE_STATE, (const uint8_t *)"\x7a\x01x", 3);
	ck_assert_int_eq(hws_ipc_check_gate(hws_bytes(room, n)), HWS_ERR_PROTO); /* no such field */
	ck_assert_int_eq(hws_ipc_check_gate(hws_bytes("\x22", 1)), HWS_ERR_PROTO);
	ck_assert_int_eq(
			hws_ipc_check_gate(hws_bytes("\x20\x01", 2)), HWS_ERR_PROTO); /* a number */
	ck_assert_int_eq(hws_ipc_check_gate(hws_bytes(NULL, 0)), HWS_OK);
}
END_TEST

int main(void)
{
	return test_main("host/ipc_caps", 20, NULL, NULL,
			TESTS(every_text_to_hostd_is_capped,
					every_text_between_gate_and_agent_is_capped,
					a_cap_lets_its_own_length_through,
					messages_of_others_are_refused,
					what_does_not_parse_is_refused));
}
