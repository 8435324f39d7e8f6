/* Recordings from a stranger: the repair reads any file and leaves one that it then finds whole, or
 * leaves it alone; packets of any codec become a film, or none, and never more than they are.
 *
 * Input: the first byte says which of both; then a file, or (codec, flags, length of two bytes) and
 * a packet each. */
#include "client/services/recording/film.h"
#include "client/services/recording/repair.h"
#include "shared/base/macros.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/hawser-recording-fuzz-XXXXXX";
static char path[80];

static void clean(void)
{
	char name[100];
	static const char *const endings[] = { ".webm", ".mp4" };

	for (unsigned i = 0; i < HWS_COUNT(endings); i++)
		for (unsigned n = 1; n <= 20; n++) {
			if (n == 1)
				snprintf(name, sizeof(name), "%s/f%s", dir, endings[i]);
			else
				snprintf(name, sizeof(name), "%s/f-%u%s", dir, n, endings[i]);
			unlink(name);
		}
}

static void leave(void)
{
	clean();
	rmdir(dir);
}

static void repair(const uint8_t *data, size_t size)
{
	enum hws_recording_was was, again;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	if (hws_recording_repair(path, &was, NULL) == HWS_OK && was == HWS_RECORDING_REPAIRED &&
			(hws_recording_repair(path, &again, NULL) < 0 ||
					again != HWS_RECORDING_WHOLE))
		abort();
}

static void film(const uint8_t *data, size_t size)
{
	struct hws_film_conf conf = {
		.path = path, .prefix = "outgoing", .peer = "", .first = true
	};
	struct hws_film *f;
	uint64_t now = 0;

	if (hws_film_new(&conf, &f) < 0)
		abort();
	while (size >= 4 && hws_film_files(f) < 15) {
		size_t n = HWS_MIN((size_t)(data[2] << 8 | data[3]), size - 4);
		struct hws_bytes packet = hws_bytes(data + 4, n);
		struct hws_film_picture p = { (enum hws_codec)(data[0] % HWS_CODEC_COUNT), 64, 48,
			packet, data[1] & 1, now };
		int r = data[1] & 2 ? hws_film_sound(f, data[1] >> 2 & 3, packet, now)
				    : hws_film_picture(f, &p);
		now += data[1] >> 4;
		if (r < 0 && r != HWS_ERR_AGAIN)
			break;
		data += 4 + n;
		size -= 4 + n;
	}
	if (hws_film_close(f, now) < 0)
		return; /* of packets that no file holds */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!path[0]) {
		if (!mkdtemp(dir))
			abort();
		snprintf(path, sizeof(path), "%s/f.webm", dir);
		atexit(leave);
	}
	if (size < 1)
		return 0;
	if (data[0] & 1)
		repair(data + 1, size - 1);
	else
		film(data + 1, size - 1);
	clean();
	return 0;
}
