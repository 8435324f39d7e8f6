/* hawser connect with a window: the desktop program is started with what was asked for. */
#include "client/cli/cli.h"
#include "client/cli/connect_options.h"
#include <hawser/hawser.h>
#include <stdio.h>

/* Only what the desktop program understands, in the form it understands. */
int connect_window(const struct connect_options *o)
{
	static const char *const qualities[] = { NULL, "low", "balanced", "best" };
	static const char *const chromas[] = { NULL, "420", "444" };
	static const char *const keyboards[] = { NULL, "map", "translate", "legacy" };
	static const char *const ways[] = { NULL, "send", "receive", "off" };
	static const char *const follows[] = { NULL, "pointer", "window", "both" };
	enum hawser_codec codec = connect_options_codec(o);
	char volume[8];
	const struct {
		const char *name, *value;
	} texts[] = { { "--server", o->server }, { "--key", o->key }, { "--config", o->config },
		{ "--password-file", o->password_file }, { "--quality", qualities[o->quality] },
		{ "--codec", codec ? hawser_codec_name(codec) : NULL },
		{ "--chroma", chromas[o->chroma] }, { "--keyboard", keyboards[o->keyboard] },
		{ "--own-id", o->own_id }, { "--accept-key", o->accept_key },
		{ "--display", o->displays.display_text },
		{ "--resolution", o->displays.resolution_text },
		{ "--follow", follows[o->displays.follow] }, { "--audio", o->audio },
		{ "--volume", o->volume < 100 ? volume : NULL },
		{ "--clipboard", ways[o->clipboard] } };
	const struct {
		const char *name;
		bool on;
	} flags[] = { { "--password-stdin", o->password_stdin }, { "--relay", o->relay },
		{ "--accept-insecure", o->accept_insecure }, { "--require-v2", o->require_v2 },
		{ "--view-only", o->view_only }, { "--fullscreen", o->fullscreen },
		{ "--actual-size", o->actual_size }, { "--remember", o->remember },
		{ "--camera", o->camera }, { "--switch-fd", o->switch_fd },
		{ "--no-exact", o->no_exact }, { "--no-hardware-codecs", o->no_hardware },
		{ "--virtual-display", o->displays.virtual_display },
		{ "--privacy", o->displays.privacy }, { "--block-input", o->displays.block_input },
		{ "--call", o->call } };
	const char *args[2 + 2 * HWS_COUNT(texts) + HWS_COUNT(flags) + 4];
	char fps[16];
	int n = 0;

	snprintf(volume, sizeof(volume), "%u", o->volume);
	args[n++] = "connect";
	args[n++] = o->target;
	for (size_t i = 0; i < HWS_COUNT(texts); i++)
		if (texts[i].value && *texts[i].value) {
			args[n++] = texts[i].name;
			args[n++] = texts[i].value;
		}
	for (size_t i = 0; i < HWS_COUNT(flags); i++)
		if (flags[i].on)
			args[n++] = flags[i].name;
	if (o->fps) {
		snprintf(fps, sizeof(fps), "%u", o->fps);
		args[n++] = "--fps";
		args[n++] = fps;
	}
	return cli_desktop(n, args);
}
