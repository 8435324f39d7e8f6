/* Lines about what comes from the host beside its pictures. */
#include "client/cli/connect_said.h"
#include "client/cli/cli.h"
#include <inttypes.h>
#include <string.h>

void connect_said_chat(const char *text)
{
	for (;;) {
		int n = (int)strcspn(text, "\n");

		cli_fail(0, "the person at the host writes: %.*s", n, text);
		if (!text[n])
			break;
		text += n + 1;
	}
}

void connect_said_print(const struct hawser_event *ev)
{
	if (ev->u.print.error == HAWSER_OK)
		cli_fail(0, "the host printed %" PRIu64 " bytes: %s", ev->u.print.bytes,
				ev->u.print.text);
	else
		cli_fail(0, "a print job of the host is lost: %s", ev->u.print.text);
}
