/* An echo with the same batches as the server and no work behind them: the server is measured
 * against it. */
#include "tests/load/floor.h"
#include "shared/net/addr.h"
#include "shared/net/listener.h"
#include "shared/net/udp_batch.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static void serve(int fd)
{
	static const uint8_t answer[] = { 0x3a, 0x00 }; /* RegisterPeerResponse{} */
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct hws_udp_batch *b;
	struct sockaddr_storage from;

	if (hws_udp_batch_new(&b) < 0)
		_exit(1);
	for (;;) {
		int n;

		poll(&p, 1, -1);
		do {
			n = hws_udp_batch_recv(b, fd);
			for (int i = 0; i < n; i++) {
				hws_udp_batch_get(b, i, &from);
				if (hws_udp_batch_put(b, fd, &from, hws_bytes(answer, 2), NULL) < 0)
					_exit(1);
			}
			hws_udp_batch_flush(b, fd);
		} while (n == HWS_UDP_BATCH);
	}
}

int load_floor_start(pid_t *ret_pid, uint16_t *ret_port)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd, size = 4 << 20;

	if (hws_udp_bind("", 0, true, &fd, NULL) < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return -1;
	*ret_port = hws_addr_port(&ss);
	*ret_pid = fork();
	if (*ret_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd);
	}
	close(fd);
	return *ret_pid < 0 ? -1 : 0;
}
