/* What every address of the API pays before its own work begins. */
#include "tests/bench/api/served.h"
#include "admin/http/server.h"
#include "shared/base/macros.h"
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static void nothing(struct htp_request *q, struct htp_reply *r, void *arg)
{
	(void)q;
	(void)arg;
	htp_reply_json(r, json_object());
}

static const struct htp_route rows[] = {
	{ HTP_POST, "/floor", .body = HTP_BODY_JSON, .fn = nothing },
	{ HTP_GET, "/loop", .pool = HTP_POOL_LOOP, .fn = nothing },
};
static const struct htp_routes table = { rows, HWS_COUNT(rows), NULL };

static void serve(int tell)
{
	struct htp_conf conf = {
		.table = &table,
		.tables = 1,
		.threads = 4,
		.hash_threads = 1,
		.queue_max = 4096,
		.limits = { .links_max = 10000 },
	};
	struct htp_port_conf port = { .bind_ip = "127.0.0.1" };
	struct htp_server *server;
	struct hws_loop *loop;
	uint16_t number;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (hws_loop_new(&loop) < 0 || htp_server_new(loop, &conf, &server, NULL) < 0 ||
			htp_server_listen(server, &port, &number, NULL) < 0 ||
			write(tell, &number, sizeof(number)) != sizeof(number))
		_exit(1);
	(void)hws_loop_run(loop);
	_exit(0);
}

int served_start(pid_t *ret_pid, uint16_t *ret_port)
{
	int told[2];
	ssize_t n;

	if (pipe(told) < 0)
		return -1;
	*ret_pid = fork();
	if (*ret_pid == 0)
		serve(told[1]);
	close(told[1]);
	n = *ret_pid > 0 ? read(told[0], ret_port, sizeof(*ret_port)) : -1;
	close(told[0]);
	return n == sizeof(*ret_port) ? 0 : -1;
}
