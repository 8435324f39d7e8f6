/* Tunnels of libhawser through a deployed host: a login for each connection, plain bytes after it,
 * and the user is told so. */
#include "shared/crypto/crypto.h"
#include "tests/component/viewer/raw_host.h"
#include "tests/component/viewer/tunnels.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct raw_host h;
static struct tunnels t;

static void begin(const char *password, const char *given)
{
	h = (struct raw_host){ .password = password };
	raw_host_start(&h);
	tunnels_open(&t, h.port, given, true);
}

static void finish(void)
{
	tunnels_close(&t);
	raw_host_stop(&h);
}

#define GREETING "raw at once;"
#define GREETING_LEN (sizeof(GREETING) - 1)

/* What the host says at once, and an echo. */
static void use(int fd)
{
	char back[32] = "";

	ck_assert_uint_eq(tunnels_read(&t, fd, back, GREETING_LEN), GREETING_LEN);
	ck_assert_str_eq(back, GREETING);
	ck_assert_int_eq(write(fd, "\x00\x04there", 7), 7);
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 7), 7);
	ck_assert_mem_eq(back, "\x00\x04there", 7);
}

START_TEST(bytes_are_raw_after_the_login)
{
	uint16_t port;
	int fd;

	begin("secret", "secret");
	port = tunnels_add(&t, HAWSER_FORWARD_LOCAL, 22);
	tunnels_until(&t, HAWSER_TUNNEL_ONE_BY_ONE, 1);
	ck_assert_ptr_nonnull(strstr(t.text, "not encrypted"));
	ck_assert_int_eq(t.ready, 1);
	/* Said before the host could hear it: waits, and is not lost. */
	fd = tunnels_connect(port);
	use(fd);
	ck_assert_str_eq(h.seen[0].host, "target.example");
	ck_assert_int_eq(h.seen[0].port, 22);
	ck_assert_uint_eq(h.unanswered, 0);
	/* Closing one way ends both: the scheme knows no half-close. */
	close(fd);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 1);
	ck_assert_int_eq(t.error, HAWSER_OK);
	ck_assert_uint_eq(t.bytes_out, 7);
	ck_assert_uint_eq(t.bytes_in, 7 + GREETING_LEN);
	/* The session stands, and there may be more. */
	fd = tunnels_connect(port);
	use(fd);
	close(fd);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 2);
	ck_assert_int_eq(t.closed, 0);
	finish();
}
END_TEST

/* The host lets nobody in before all eight have asked. */
START_TEST(several_are_set_up_at_once)
{
	enum { MANY = 8 };
	int fd[MANY];
	uint16_t port;

	h = (struct raw_host){ .hold = MANY };
	raw_host_start(&h);
	tunnels_open(&t, h.port, "any", true);
	port = tunnels_add(&t, HAWSER_FORWARD_LOCAL, 80);
	for (int i = 0; i < MANY; i++)
		fd[i] = tunnels_connect(port);
	for (int i = 0; i < MANY; i++) {
		use(fd[i]);
		close(fd[i]);
	}
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, MANY);
	ck_assert_int_eq(t.opened, MANY);
	finish();
}
END_TEST

START_TEST(the_password_is_asked_for_once)
{
	int fd[3];
	uint16_t port;

	begin("secret", NULL);
	t.answer = "secret";
	port = tunnels_add(&t, HAWSER_FORWARD_LOCAL, 80);
	for (int i = 0; i < 3; i++)
		fd[i] = tunnels_connect(port);
	for (int i = 0; i < 3; i++)
		use(fd[i]);
	ck_assert_int_eq(t.asked, 1);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	finish();
}
END_TEST

START_TEST(on_this_machine_nobody_is_asked_for_consent)
{
	uint16_t port;
	int fd;

	h = (struct raw_host){ .password = "secret" };
	raw_host_start(&h);
	tunnels_open(&t, h.port, "secret", false);
	port = tunnels_add(&t, HAWSER_FORWARD_LOCAL, 80);
	/* The bytes do not leave it. */
	fd = tunnels_connect(port);
	use(fd);
	ck_assert_int_eq(t.questions, 0);
	close(fd);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 1);
	finish();
}
END_TEST

START_TEST(a_target_that_cannot_be_reached_is_told)
{
	char back[4];
	uint16_t port;
	int fd;

	h = (struct raw_host){ .refuse = "Failed to access remote target.example:80. Please make "
					 "sure it is reachable/open." };
	raw_host_start(&h);
	tunnels_open(&t, h.port, "any", true);
	port = tunnels_add(&t, HAWSER_FORWARD_LOCAL, 80);
	fd = tunnels_connect(port);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 1);
	ck_assert_int_eq(t.error, HAWSER_ERR_UNREACHABLE);
	ck_assert_str_eq(t.code, "unreachable");
	ck_assert_ptr_nonnull(strstr(t.text, "target.example:80"));
	ck_assert_uint_eq(tunnels_read(&t, fd, back, 1), 0);
	close(fd);
	ck_assert_int_eq(t.closed, 0);
	finish();
}
END_TEST

START_TEST(what_deployed_hosts_cannot_do_is_said)
{
	begin(NULL, "any");
	tunnels_until(&t, HAWSER_TUNNEL_ONE_BY_ONE, 1);
	tunnels_ask(&t, HAWSER_FORWARD_DYNAMIC, 0, 0);
	tunnels_until(&t, HAWSER_TUNNEL_FAILED, 1);
	ck_assert_int_eq(t.error, HAWSER_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(t.text, "both ends"));
	tunnels_ask(&t, HAWSER_FORWARD_REMOTE, 0, 80);
	tunnels_ask(&t, HAWSER_FORWARD_UDP, 0, 53);
	tunnels_until(&t, HAWSER_TUNNEL_FAILED, 3);
	ck_assert_int_eq(t.closed, 0);
	finish();
}
END_TEST

START_TEST(a_session_that_is_closed_takes_its_connections_along)
{
	int fd;

	begin(NULL, "any");
	fd = tunnels_connect(tunnels_add(&t, HAWSER_FORWARD_LOCAL, 80));
	use(fd);
	hawser_session_disconnect(t.session);
	tunnels_until(&t, HAWSER_TUNNEL_CLOSED, 1);
	ck_assert_int_eq(t.error, HAWSER_ERR_CLOSED);
	close(fd);
	finish();
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("viewer/raw", 120, NULL, NULL,
			TESTS(bytes_are_raw_after_the_login, several_are_set_up_at_once,
					the_password_is_asked_for_once,
					on_this_machine_nobody_is_asked_for_consent,
					a_target_that_cannot_be_reached_is_told,
					what_deployed_hosts_cannot_do_is_said,
					a_session_that_is_closed_takes_its_connections_along));
}
