/* The devices' half of what the generator simulates: as many links as devices, on one thread,
 * each message answered as a deployed device does. */
#include "tests/load/answers.h"
#include "shared/wire/frame.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#define MESSAGE_MAX 400

/* With a reset: a site that answers thousands of times must not use its ports up with links that
 * wait for their end. */
static void hang_up(int *fd)
{
	struct linger hard = { 1, 0 };

	if (*fd > 0) {
		setsockopt(*fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(*fd);
	}
	*fd = 0;
}

bool load_answers_send(struct load_answers *a, const struct sockaddr_in *own,
		const struct sockaddr_in *to, const Rdv__RendezvousMessage *m)
{
	uint8_t out[MESSAGE_MAX + HWS_FRAME_HEADER_MAX];
	size_t len = rdv__rendezvous_message__get_packed_size(m), w;
	struct timeval limit = { 1, 0 };
	int *fd = &a->fd[a->next], one = 1;

	if (len > MESSAGE_MAX)
		return false;
	a->next = (a->next + 1) % LOAD_ANSWERS;
	hang_up(fd);
	w = hws_frame_header(len, out);
	rdv__rendezvous_message__pack(m, out + w);
	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0) {
		*fd = 0;
		return false;
	}
	/* On the loopback connecting takes no time worth an event loop; a lost packet must not stop
	 * all devices for long. */
	setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(*fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(*fd, (const struct sockaddr *)own, sizeof(*own)) == 0 &&
			connect(*fd, (const struct sockaddr *)to, sizeof(*to)) == 0 &&
			send(*fd, out, w + len, MSG_NOSIGNAL) == (ssize_t)(w + len))
		return true;
	hang_up(fd);
	return false;
}

void load_answers_done(struct load_answers *a)
{
	for (unsigned i = 0; i < LOAD_ANSWERS; i++)
		hang_up(&a->fd[i]);
}
