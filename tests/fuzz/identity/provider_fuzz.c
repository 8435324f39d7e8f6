/* Any text as all that a provider says in JSON: its description, its keys, what it tells of a
 * person, and an operator's map over that. */
#include "admin/http/json.h"
#include "admin/identity/mapping.h"
#include "admin/identity/metadata.h"
#include "admin/identity/person.h"
#include "admin/identity/token.h"

#include <assert.h>
#include <string.h>

/* RFC 7515, A.3 */
static const char token[] =
		"eyJhbGciOiJFUzI1NiJ9."
		"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19y"
		"b290Ijp0cnVlfQ."
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-K"
		"g6NU1Q";

static void read_description(struct hws_bytes text)
{
	struct idn_metadata m;
	struct hws_error err = { 0 };

	if (idn_metadata_read(text, "https://id.example.org", &m, &err) == HWS_OK) {
		assert(idn_url_valid(m.authorize, sizeof(m.authorize)));
		assert(idn_url_valid(m.token, sizeof(m.token)));
		assert(idn_url_valid(m.jwks, sizeof(m.jwks)));
	} else {
		assert(*err.text);
	}
}

static void read_person(const json_t *doc)
{
	struct idn_person p = { .groups = NULL };
	struct idn_mapped m;

	if (idn_person_claims(&p, doc, doc) == HWS_OK)
		assert(*p.subject && json_array_size(p.groups) <= IDN_GROUPS_MAX);
	if (idn_map_check(doc, NULL) == HWS_OK) {
		idn_map(doc, p.groups, &m);
		assert(m.role != DAT_ROLE_OWNER);
	}
	idn_person_done(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct idn_expect expect = { "joe", "rd", "n", 1300819379 };
	struct hws_error err = { 0 };
	json_t *doc = NULL, *claims = NULL;

	read_description(hws_bytes(data, size));
	if (htp_json_read(hws_bytes(data, size), &doc, &err) < 0)
		return 0;
	assert(idn_token_read(token, doc, &expect, &claims, &err) < 0);
	read_person(doc);
	json_decref(doc);
	return 0;
}
