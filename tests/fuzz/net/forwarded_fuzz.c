/* X-Forwarded-For: where the client is found, nothing that stands before it in the request changes
 * who that is. */
#include "shared/net/forwarded.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sockaddr_storage behind(
		const char *front, const uint8_t *data, size_t size, struct hws_cidr_list *trusted)
{
	struct sockaddr_storage peer;
	size_t n = strlen(front);
	uint8_t *head = malloc(n + size);

	if (!head || hws_addr_parse("127.0.0.1:1", 0, &peer) < 0)
		abort();
	memcpy(head, front, n);
	memcpy(head + n, data, size);
	hws_forwarded_peer(hws_bytes(head, n + size), trusted, &peer);
	free(head);
	return peer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_cidr_list trusted = { 0 };
	struct sockaddr_storage a, b;

	if (size > 8192 || hws_cidr_list_parse("127.0.0.1,10.0.0.0/8", &trusted, NULL) < 0)
		return 0;
	a = behind("GET / HTTP/1.1\r\n", data, size, &trusted);
	b = behind("GET / HTTP/1.1\r\nX-Forwarded-For: 6.6.6.6\r\n", data, size, &trusted);
	if (!hws_cidr_list_match(&trusted, &a) && !hws_addr_equal(&a, &b))
		abort();
	hws_cidr_list_done(&trusted);
	return 0;
}
