/* What the API server answers, in one piece and byte by byte, and the fields of it. */
#include "server-rendezvous/planes/http_reply.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
	if (!claim)
		abort();
}

static void look(struct hws_bytes in, const struct rdv_http_reply *reply)
{
	Rdv__HeaderEntry field[RDV_HTTP_FIELDS_MAX];
	char *text = hws_alloc(reply->fields.len + 1);
	size_t n;

	must(reply->status >= 200 && reply->status <= 999);
	must(reply->fields.ptr >= in.ptr &&
			reply->fields.ptr + reply->fields.len <= in.ptr + in.len);
	must(reply->body.ptr >= in.ptr && reply->body.ptr + reply->body.len <= in.ptr + in.len);
	if (!text)
		return;
	memcpy(text, reply->fields.ptr, reply->fields.len);
	n = rdv_http_reply_fields(text, field);
	must(n <= RDV_HTTP_FIELDS_MAX);
	for (size_t i = 0; i < n; i++)
		must(rdv_http_name_valid(field[i].name) && rdv_http_value_valid(field[i].value) &&
				!rdv_http_is_hop(field[i].name) &&
				hws_utf8_valid(hws_bytes_str(field[i].value)));
	hws_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rdv_http_reply whole = { 0 }, part = { 0 };
	int r = rdv_http_reply_read(hws_bytes(data, size), true, &whole);

	must(r != HWS_ERR_SHORT);
	if (r == HWS_OK)
		look(hws_bytes(data, size), &whole);
	for (size_t n = 0; n <= size && n < 4096; n++) {
		int p = rdv_http_reply_read(hws_bytes(data, n), false, &part);

		if (p == HWS_ERR_SHORT)
			continue;
		/* what stands already does not change by what follows */
		if (p == HWS_OK)
			look(hws_bytes(data, n), &part);
		must(p == HWS_OK ? r == HWS_OK && whole.status == part.status &&
								whole.body.len == part.body.len
				 : r == HWS_ERR_PROTO);
		break;
	}
	return 0;
}
