/* The list of allowed targets, any text: refused with a sentence, or taken, and then it allows no
 * address that no list may allow, and nothing that would not have been looked up. */
#include "client/services/tunnel/targets.h"
#include "shared/base/macros.h"
#include "shared/net/addr.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const addresses[] = { "127.0.0.1", "::1", "127.0.0.53", "0.0.0.0",
	"::", "10.0.0.1", "192.0.2.7", "169.254.169.254", "224.0.0.1", "255.255.255.255", "fe80::1",
	"ff02::1", "2001:db8::1", "64:ff9b::7f00:1", "2002:a9fe:1::" };
static const char *const hosts[] = { "", "localhost", "db.example.com", "a.b.example.com",
	"192.0.2.7", "127.1" };

static void judge(const struct hws_targets *t, const char *host, const char *address, uint16_t port)
{
	struct sockaddr_storage a;

	if (hws_addr_parse(address, port, &a) < 0)
		abort();
	hws_addr_set_port(&a, port);
	for (unsigned kind = 0; kind < 2; kind++) {
		bool ok = hws_targets_allow(t, (Ses__TunnelKind)kind, host, &a);

		if (ok && hws_targets_never(&a))
			abort();
		/* by number it is no name's */
		if (ok && strcmp(host, "192.0.2.7") != 0 &&
				!hws_targets_may_ask(t, (Ses__TunnelKind)kind, host, port))
			abort();
	}
	if (hws_targets_allow_listen(t, &a) && !port && hws_addr_port(&a))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t ports[] = { 1, 22, 443, 65535 };
	struct hws_targets *t = NULL;
	struct hws_error err = { 0 };
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	if (hws_targets_parse(text, &t, &err) == HWS_OK) {
		for (size_t h = 0; h < HWS_COUNT(hosts); h++)
			for (size_t i = 0; i < HWS_COUNT(addresses); i++)
				for (size_t p = 0; p < HWS_COUNT(ports); p++)
					judge(t, hosts[h], addresses[i], ports[p]);
		hws_targets_free(t);
	} else if (!*err.text) {
		abort();
	}
	free(text);
	return 0;
}
