/* The number of a switch of sides is neither an argument nor in the environment, where others could
 * read it: it waits at a socket of ours. */
#include "client/cli/connect_around.h"
#include "client/cli/cli.h"
#include "shared/base/output.h"
#include <string.h>
#include <unistd.h>

#define HOST_ENDED "the host ended the session" /* not: the line was lost */
#define NUMBER_FD 3 /* where a program that the host starts finds its socket */

int connect_around_act(const struct connect_options *o, hawser_session *session, size_t display)
{
	int e = HAWSER_OK;

	if (*o->host_screenshot)
		e = hawser_session_host_screenshot(session, display);
	if (e == HAWSER_OK && o->restart_host)
		e = hawser_session_restart_host(session);
	if (e == HAWSER_OK && o->switch_sides)
		e = hawser_session_switch_sides(session);
	return e < 0 ? cli_fail(cli_exit_of(e), "%s", hawser_last_error()) : CLI_OK;
}

int connect_around_message(const struct connect_options *o, const struct hawser_event *e)
{
	/* of the host's gate, which has one title for all that it refuses, or of the host itself */
	bool wished = !e->u.message.local &&
			((o->restart_host && strcmp(e->u.message.title, "Restart") == 0) ||
					(o->switch_sides && strstr(e->u.message.text, "sides")));

	return wished ? cli_fail(CLI_DENIED, "the host says: %s", e->u.message.text) : CLI_OK;
}

bool connect_around_changed(const struct connect_options *o, int error, const char *text)
{
	/* the host ends the session, and says no more than that */
	if (!o->switch_sides || error != HAWSER_ERR_EOF ||
			strncmp(text, HOST_ENDED, strlen(HOST_ENDED)) != 0)
		return false;
	cli_fail(0, "sides are changed: %s looks at this machine now", o->target);
	return true;
}

int connect_around_shot(const struct connect_options *o, const struct hawser_event *e)
{
	struct hws_out_file file;
	struct hws_error err = { 0 };
	int r;

	if (!e->u.screenshot.png)
		return cli_fail(CLI_DENIED, "the host sent no picture: %s", e->u.screenshot.text);
	r = hws_out_file_begin(&file, o->host_screenshot, &err);
	if (r == HWS_OK) {
		r = hws_out_file_write(
				&file, hws_bytes(e->u.screenshot.png, e->u.screenshot.length));
		r = hws_out_file_end(&file, r, o->host_screenshot, &err);
	}
	return r < 0 ? cli_fail(CLI_FILE, "%s", err.text) : CLI_OK;
}

int connect_around_config(const struct connect_options *o, struct connect_switch *room,
		struct hawser_session_config *config)
{
	if (*o->own_id)
		config->own_id = o->own_id;
	if (!o->switch_fd)
		return CLI_OK;
	if (read(NUMBER_FD, room->number_secret, sizeof(room->number_secret)) !=
			(ssize_t)sizeof(room->number_secret))
		return cli_fail(CLI_USAGE, "--switch-fd is for hawser-host");
	config->switch_number = room->number_secret;
	return CLI_OK;
}
