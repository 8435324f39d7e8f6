/* hawser-decoder: the process in which a viewer has pictures and texts of hosts decoded. The
 * library starts it; it has no options, no files and no network. */
#include "client/decoder/worker.h"
#include "shared/base/str.h"
#include "shared/sys/spawn.h"
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int is_channel(int fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	return getsockname(fd, (struct sockaddr *)&a, &n) == 0 && a.ss_family == AF_UNIX;
}

int main(int argc, char **argv)
{
	if (argc == 2 && hws_str_equal(argv[1], "--version")) {
		printf("hawser-decoder %s\n", HAWSER_VERSION);
		return 0;
	}
	if (argc > 1 || !is_channel(HWS_SPAWN_IPC_FD)) {
		fprintf(stderr,
				"hawser-decoder decodes what hosts send, and is started by libhawser: "
				"there is no use in starting it by hand. See hawser-decoder(1).\n");
		return argc == 2 && hws_str_equal(argv[1], "--help") ? 0 : 2;
	}
	uint32_t confined = hws_decode_confine();

	hws_decode_serve(HWS_SPAWN_IPC_FD, confined);
	return 0;
}
