/* A recording for scripts: one that ends before its time ends the run, but for a cut of the line,
 * after which a folder gets a further file. */
#include "client/cli/connect_record.h"
#include "client/cli/cli.h"
#include "shared/base/clock.h"

#define END_US (5 * HWS_US_PER_S)

int connect_record_begin(
		struct connect_record *c, hawser_session *s, size_t display, const char *path)
{
	int e = hawser_session_record_start(s, display, path);

	if (e < 0)
		return cli_fail(cli_exit_of(e), "%s", hawser_last_error());
	c->awaited = true;
	return CLI_OK;
}

int connect_record_event(struct connect_record *c, const struct hawser_event *ev, const char *path)
{
	int error = ev->u.recording.error, status;

	if (ev->u.recording.running) {
		c->awaited = *path;
		return CLI_OK;
	}
	c->awaited = false;
	if (error == HAWSER_OK)
		return CLI_OK;
	status = cli_fail(error == HAWSER_ERR_DENIED ? CLI_DENIED : CLI_FILE,
			"recording to %s ended: %s%s", ev->u.recording.path, hawser_strerror(error),
			ev->u.recording.resumes ? "; a new file begins when the line stands again"
						: "");
	return ev->u.recording.resumes || !*path ? CLI_OK : status;
}

void connect_record_end(struct connect_record *c, hawser_context *ctx, hawser_session *s)
{
	uint64_t due = hws_clock_us() + END_US;

	if (!c->awaited)
		return;
	hawser_session_record_stop(s);
	while (c->awaited && hws_clock_us() < due)
		hawser_context_wait(ctx, 100);
}
