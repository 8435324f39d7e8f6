/* The examination of a network by which a server answers anything: whatever it says, all that is
 * found can be told. */
#include "client/doctor/doctor_parts.h"
#include "client/doctor/judge.h"
#include "shared/daemon/findings.h"
#include "tests/fuzz/reach/wires.h"
#include <assert.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_done(const struct hws_doctor_facts *facts, void *arg)
{
	bool *done = arg;

	(void)facts;
	assert(!*done);
	*done = true;
}

static void check(const struct hws_doctor_facts *facts)
{
	json_t *list = json_array(), *one;
	size_t i;

	assert(list);
	hws_doctor_judge(facts, list);
	json_array_foreach (list, i, one) {
		assert(json_string_value(json_object_get(one, "what")));
		assert(json_string_value(json_object_get(one, "state")));
		assert(json_string_value(json_object_get(one, "text")));
	}
	json_decref(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char server[32], key[HWS_KEY_TEXT];
	struct hws_doctor_conf conf = { .server = server };
	struct hws_error err;
	struct hws_doctor *d;
	struct hws_loop *loop;
	bool done = false;

	if (size < 3)
		return 0;
	const struct wires_plan plan = { .refuse = (uint16_t)(data[1] | data[2] << 8),
		.offers_keys = data[0] & 2 };

	loop = wires_open(&plan);
	snprintf(server, sizeof(server), "127.0.0.1:%u", wires_udp_port());
	conf.key = data[0] & 1 ? hws_key_text(wires_server()->pk, key) : "";
	assert(hws_doctor_new(loop, NULL, &conf, on_done, &done, &d, &err) == HWS_OK);
	wires_run(hws_bytes(data + 3, size - 3), &done);
	check(&d->facts);
	hws_doctor_free(d);
	wires_close();
	return 0;
}
