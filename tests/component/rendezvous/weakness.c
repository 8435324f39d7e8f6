/* tests: the server whose weaknesses are tried. */
#include "tests/component/rendezvous/weakness.h"
#include <string.h>

struct server srv;

void setup(void)
{
	static const char *const extra[] = { "--relay-servers", "relay.example.com",
		"--max-links-per-address", "40", "--idle", "2s", NULL };

	memset(&srv, 0, sizeof(srv));
	server_start(&srv, extra);
}

void teardown(void)
{
	server_stop(&srv);
}

void start_again(const char *const extra[])
{
	server_stop(&srv);
	server_start(&srv, extra);
}

struct hws_bytes view(ProtobufCBinaryData b)
{
	return hws_bytes(b.data, b.len);
}
