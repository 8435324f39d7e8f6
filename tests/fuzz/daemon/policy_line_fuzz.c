/* A line of the policy socket, read as either side does. What was read is written again, and read
 * back the same. */
#include "shared/base/str.h"
#include "shared/daemon/policy_line.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
	if (!claim)
		abort();
}

static struct hws_bytes line_of(const struct hws_buf *b)
{
	return hws_bytes(hws_buf_bytes(b).ptr, hws_buf_len(b) - 1);
}

static void try_say(struct hws_bytes line, struct hws_buf *out)
{
	struct hws_policy_say_line a, b;

	if (hws_policy_say_parse(line, &a) < 0 || hws_policy_say_put(&a, out) < 0)
		return;
	must(a.say < HWS_POLICY_SAYS &&
			memchr(hws_buf_bytes(out).ptr, '\n', hws_buf_len(out) - 1) == NULL);
	must(hws_policy_say_parse(line_of(out), &b) == HWS_OK);
	must(a.say == b.say && a.number == b.number && a.kind == b.kind && a.refused == b.refused &&
			a.seen_s == b.seen_s);
	must(hws_str_equal(a.old_id, b.old_id) && hws_str_equal(a.token, b.token) &&
			hws_str_equal(a.id, b.id) && hws_str_equal(a.address, b.address) &&
			hws_str_equal(a.switch_code, b.switch_code) &&
			hws_str_equal(a.uuid, b.uuid) && hws_str_equal(a.key, b.key) &&
			hws_str_equal(a.node, b.node));
	must(hws_utf8_valid(hws_bytes_str(a.token)) && hws_utf8_valid(hws_bytes_str(a.id)));
}

static void try_answer(struct hws_bytes line, struct hws_buf *out)
{
	struct hws_policy_answer a, b;

	if (hws_policy_answer_parse(line, &a) < 0 || hws_policy_answer_put(&a, out) < 0)
		return;
	must(a.hold_s <= HWS_POLICY_HOLD_MAX_S && hws_utf8_valid(hws_bytes_str(a.text)) &&
			hws_utf8_valid(hws_bytes_str(a.ref)));
	must(hws_policy_answer_parse(line_of(out), &b) == HWS_OK);
	must(a.number == b.number && a.word == b.word);
	must(a.word != HWS_POLICY_ALLOW ||
			(a.permissions == b.permissions && a.hold_s == b.hold_s &&
					a.feedback == b.feedback));
	must(hws_str_equal(a.ref, b.ref) && hws_str_equal(a.text, b.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_buf out;

	hws_buf_init(&out, 1u << 16);
	try_say(hws_bytes(data, size), &out);
	hws_buf_reset(&out);
	try_answer(hws_bytes(data, size), &out);
	hws_buf_done(&out);
	return 0;
}
