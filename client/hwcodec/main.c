/* hawser-hwcodec: the program in which the drivers of devices run that code pictures, and the probe
 * of what they are good for. hawser starts it. */
#include "client/hardware/use.h"
#include "client/hwcodec/probe.h"
#include "client/hwcodec/serve.h"
#include "client/media/codec_table.h"
#include "shared/base/str.h"
#include "shared/sys/spawn.h"
#include <libavutil/log.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_channel(int fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	return getsockname(fd, (struct sockaddr *)&a, &n) == 0 && a.ss_family == AF_UNIX;
}

static int show(const char *word)
{
	struct hws_hw_report r;
	char text[300];

	if (hws_hw_report_load(word, &r) < 0) {
		printf("nothing is known of devices that code pictures\n");
		return 1;
	}
	if (!*r.device) {
		printf("no device is of use\n");
		return 0;
	}
	printf("%s %s (%s): %s\n", r.backend, r.device, r.vendor,
			hws_hw_report_text(&r.table, text, sizeof(text)));
	for (unsigned w = 0; w < HWS_HW_WAYS; w++)
		for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_RAW; c++) {
			const struct hws_hw_row *row = &r.table.row[w][c];
			const double pixels = 1920 * 1080;
			if (hws_hw_known(&row->device))
				printf("%s %s: %.1f ms for a picture of 1920 x 1080, %.1f ms by "
				       "the processor\n",
						w == HWS_HW_ENCODES ? "encoding" : "decoding",
						hws_codec_name(c),
						hws_hw_us(&row->device, pixels) / 1e3,
						hws_hw_us(&row->processor, pixels) / 1e3);
		}
	return 0;
}

static int usage(bool asked)
{
	fprintf(asked ? stdout : stderr,
			"usage: hawser-hwcodec probe [auto|/dev/dri/renderDN]\n"
			"       hawser-hwcodec show [auto|/dev/dri/renderDN]\n"
			"Finds out what devices that code pictures are good for, and shows what was "
			"found. hawser does so by itself. See hawser-hwcodec(1).\n");
	return asked ? 0 : 2;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	av_log_set_level(AV_LOG_QUIET);
	if (hws_str_equal(word, "--version")) {
		printf("hawser-hwcodec %s\n", HAWSER_VERSION);
		return 0;
	}
	if (hws_str_equal(word, "probe") && argc <= 3)
		return hwc_probe(argc == 3 ? argv[2] : "auto");
	if (hws_str_equal(word, "show") && argc <= 3)
		return show(argc == 3 ? argv[2] : "auto");
	if (hws_str_equal(word, "serve") && argc == 4 && is_channel(HWS_SPAWN_IPC_FD) &&
			hwc_backend_by_name(argv[2]))
		return hwc_serve(HWS_SPAWN_IPC_FD, hwc_backend_by_name(argv[2]), argv[3]);
	return usage(hws_str_equal(word, "--help"));
}
