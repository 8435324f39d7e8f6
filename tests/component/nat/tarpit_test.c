/* A session of the real programs with a tar pit on its way: every TCP connection of the viewer to
 * the host's address ends at something that accepts, begins a frame and falls silent, as some
 * security boxes do. The host itself is there by UDP, and must be met there long before a handshake
 * with the pit would be given up. */
#include "tests/component/nat/scene.h"
#include "tests/component/nat/town.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIT_PORT 9
#define LIMIT_MS TEST_PATIENCE_MS
#define HANDSHAKE_MS 18000 /* so long a pit was waited for that nobody stood beside */

static const struct cell cell = {
	.name = "a tar pit", .host = CELL_PUBLIC, .viewer = CELL_PUBLIC, .paths = "udp"
};
static pid_t pit = -1;

/* In the viewer's house; never returns. `told`: a byte when it listens. */
static void be_pit(int told)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PIT_PORT) };
	int fd, one = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setns(town_ns("viewer"), CLONE_NEWNET) < 0)
		_exit(1);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 16) < 0 ||
			write(told, "", 1) != 1)
		_exit(1);
	for (;;) {
		int c = accept(fd, NULL, NULL);

		/* a frame of 200 bytes, of which five come */
		if (c >= 0 && write(c, "\x21\x03hello", 7) != 7)
			close(c);
	}
}

static void dig_pit(void)
{
	int pipes[2];
	char byte;

	ck_assert_int_eq(pipe(pipes), 0);
	pit = fork();
	ck_assert_int_ge(pit, 0);
	if (pit == 0)
		be_pit(pipes[1]);
	close(pipes[1]);
	ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	town_run("viewer",
			"nft add table ip pit && "
			"nft 'add chain ip pit out { type nat hook output priority -100 ; }' && "
			"nft add rule ip pit out ip daddr 10.9.0.11 ip protocol tcp redirect to :%d",
			PIT_PORT);
}

static void tear_down(void)
{
	if (pit > 0) {
		kill(pit, SIGKILL);
		waitpid(pit, NULL, 0);
		pit = -1;
	}
	scene_close();
}

START_TEST(the_host_is_met_beside_a_tar_pit)
{
	char *out = NULL;
	uint64_t end;

	if (!scene_open(&cell))
		return; /* which was said */
	dig_pit();
	end = test_now_ms() + LIMIT_MS;
	/* UDP may be there before the pit has said its word, and then nothing is shown; on a busy
	 * machine the relay may be */
	for (;;) {
		int status = scene_connect(&out);
		const char *pitted = strstr(out, "try path=punched");
		bool met = status == 0 && scene_is_as_told(out, NULL);
		bool left = pitted && strstr(pitted, "result=timeout") &&
				test_line_number(pitted, "ended_ms=") < HANDSHAKE_MS;

		if (met && left)
			break;
		ck_assert_msg(test_now_ms() < end, "status %d:\n%s\nhost:\n%s", status,
				scene_end(out), scene_end(scene_host_log()));
		free(out);
	}
	free(out);
}
END_TEST

int main(int argc, char *argv[])
{
	const char *why = town_enter(argc, argv);

	if (!why)
		why = town_no_nft();
	if (why) {
		fprintf(stderr,
				"SKIPPED: no network namespaces with nftables here, so no tar pit "
				"was dug: %s\n",
				why);
		return TEST_SKIPPED;
	}
	return test_main("nat/tarpit", 120, NULL, tear_down,
			TESTS(the_host_is_met_beside_a_tar_pit));
}
