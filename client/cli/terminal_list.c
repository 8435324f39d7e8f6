/* Titles and commands are the host's words; the library has escaped them. */
#include "client/cli/terminal_list.h"
#include "client/cli/session_front.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static void age(char *buf, size_t size, uint64_t s)
{
	if (s < 60)
		snprintf(buf, size, "%" PRIu64 "s", s);
	else if (s < 3600)
		snprintf(buf, size, "%" PRIu64 "m", s / 60);
	else if (s < 48 * 3600)
		snprintf(buf, size, "%" PRIu64 "h", s / 3600);
	else
		snprintf(buf, size, "%" PRIu64 "d", s / 86400);
}

void terminal_list_print(const struct hawser_terminal_item *items, size_t count)
{
	const struct hawser_terminal_item *x = items;
	uint64_t now = (uint64_t)time(NULL);

	if (count == 0) {
		puts("The host keeps no terminals of yours.");
		return;
	}
	printf("%4s %8s %9s %6s %6s  %-8s  %s\n", "N", "PID", "SIZE", "AGE", "IDLE", "STATE",
			"COMMAND");
	for (size_t i = 0; i < count; i++, x = hawser_terminal_item_next(x)) {
		char size[24], old[24], idle[24];

		snprintf(size, sizeof(size), "%ux%u", x->cols, x->rows);
		age(old, sizeof(old), now > x->started_s ? now - x->started_s : 0);
		age(idle, sizeof(idle), x->idle_s);
		printf("%4d %8u %9s %6s %6s  %-8s  %s%s%s\n", x->id, x->pid, size, old, idle,
				x->attached ? "in use" : "kept", x->command,
				*x->title ? "  -- " : "", x->title);
	}
}

void terminal_list_json(const struct hawser_terminal_item *items, size_t count)
{
	const struct hawser_terminal_item *x = items;

	for (size_t i = 0; i < count; i++, x = hawser_terminal_item_next(x)) {
		printf("{\"id\":%d,\"pid\":%u,\"rows\":%u,\"cols\":%u,\"started\":%" PRIu64
		       ",\"idle_s\":%u,\"attached\":%s,\"command\":",
				x->id, x->pid, x->rows, x->cols, x->started_s, x->idle_s,
				x->attached ? "true" : "false");
		session_front_json_text(x->command);
		fputs(",\"title\":", stdout);
		session_front_json_text(x->title);
		puts("}");
	}
}
