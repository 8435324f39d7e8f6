/* host/hostd: puts the service together, admits connections, and ends in order. */
#include "client/host/hostd.h"
#include "client/host/asks.h"
#include "client/host/host_control.h"
#include "client/host/machine.h"
#include "client/host/spawn_gate.h"
#include "client/host/state_file.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/secret.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define DRAIN_US (3 * HWS_US_PER_S)
#define ADDRESSES_MAX 4096u
/* From one address: each costs a process. */
#define CONNECTS_PER_S 5u
#define CONNECTS_BURST 60u
/* Gates on their way to a relay: a server may name relays that never answer. */
#define LEGS_MAX 32u

void hws_hostd_each(
		struct hws_hostd *h, void (*fn)(struct hws_host_session *v, void *arg), void *arg)
{
	struct hws_list *n, *tmp;

	hws_list_for_safe (n, tmp, &h->sessions)
		fn(hws_container(n, struct hws_host_session, node), arg);
}

/* A datagram that anybody could have sent tells any address: the list lets in no such word. */
static bool is_whitelisted(const struct hws_hostd *h, const struct hws_host_session_conf *conf)
{
	return h->whitelist_any || (!conf->told && hws_cidr_list_match(&h->whitelist, &conf->from));
}

static void make_leg_room(struct hws_hostd *h)
{
	struct hws_host_session *oldest = NULL;
	struct hws_list *n;
	unsigned count = 0;

	hws_list_for (n, &h->sessions) {
		struct hws_host_session *v = hws_container(n, struct hws_host_session, node);

		if (v->begun)
			continue;
		if (!oldest || (v->told && !oldest->told))
			oldest = v;
		count++;
	}
	if (count >= LEGS_MAX)
		hws_host_session_close(oldest, HWS_ERR_BUSY);
}

static struct hws_guest guest_of(
		const struct hws_hostd *h, const struct hws_host_session *v, uint64_t now_us)
{
	return (struct hws_guest){ .from = &v->from,
		.told = v->told,
		.known = hws_limits_known(h->passwords, &v->from, v->told, now_us),
		.open = v->open || v->leg.up,
		.spoke = v->spoke,
		.since_us = v->came_us };
}

/* May close one that is worth less. */
static bool make_room(struct hws_hostd *h, const struct hws_guest *newcomer, uint64_t now_us)
{
	struct hws_guest *guests = hws_alloc_array(h->session_count + 1, sizeof(*guests));
	struct hws_host_session *leaves = NULL;
	struct hws_list *n;
	size_t count = 0;
	long place;

	if (!guests)
		return false;
	hws_list_for (n, &h->sessions)
		guests[count++] = guest_of(
				h, hws_container(n, struct hws_host_session, node), now_us);
	place = hws_door_place(guests, count, h->settings->max_connections, newcomer, now_us);
	hws_free(guests);
	count = 0;
	hws_list_for (n, &h->sessions) {
		if (place >= 0 && count++ == (size_t)place)
			leaves = hws_container(n, struct hws_host_session, node);
	}
	if (leaves)
		hws_host_session_close(leaves, HWS_ERR_BUSY);
	return place != HWS_DOOR_FULL;
}

/* What a server only tells is counted apart: it must use up nothing of the address itself. */
static struct hws_admit *admit_of(const struct hws_hostd *h, bool told)
{
	return told ? h->admit_told : h->admit;
}

/* Somebody has been at the desktop: what let him in does not serve again. */
static void use_up(struct hws_hostd *h)
{
	h->opened++;
	hws_vault_renew_temporary(&h->vault);
}

static void on_ended(struct hws_host_session *v, bool was_open, void *arg)
{
	struct hws_hostd *h = arg;

	hws_hostd_legs_end(h, v->conn);
	hws_admit_close(admit_of(h, v->told), &v->from);
	h->session_count--;
	/* also of one whose password was right and that was refused all the same: what it may come
	 * back with would never be over */
	hws_recent_closed(&h->recent, v->conn, v->final_end, hws_loop_now_us(h->loop));
	hws_resume_closed(&h->resume_secret, v->conn, v->final_end, hws_loop_now_us(h->loop));
	if (v->shown) /* a login that met no desktop has used nothing */
		use_up(h);
	else if (was_open)
		h->unseen[h->next_unseen++ % HWS_UNSEEN_MAX] = v->conn;
	hws_host_session_free(v);
	hws_report_changed(h->report); /* also of one that was never shown */
	if (hws_daemon_draining(h->daemon) && !h->session_count)
		hws_loop_stop(h->loop);
}

static const char *find_refusal(struct hws_hostd *h, const struct hws_host_session_conf *conf)
{
	uint64_t now = hws_loop_now_us(h->loop);
	struct hws_admit *admit = admit_of(h, conf->told);
	const struct hws_guest newcomer = { .from = &conf->from,
		.told = conf->told,
		.known = hws_limits_known(h->passwords, &conf->from, conf->told, now),
		.since_us = now };

	if (hws_daemon_draining(h->daemon))
		return "the host is being stopped";
	if (!hws_admit_event(admit, &conf->from, 1, now) ||
			!hws_door_knock(&h->door, &newcomer, now))
		return "too many connections in a short time";
	if (!hws_admit_open(admit, &conf->from, now))
		return "max-per-address is reached";
	if (!make_room(h, &newcomer, now)) {
		hws_admit_close(admit, &conf->from);
		return "max-connections is reached";
	}
	return NULL;
}

static void log_accepted(struct hws_hostd *h, const struct hws_host_session *v)
{
	h->accepted++;
	hws_info_limited("connection.accepted", HWS_U64("conn", v->conn), HWS_STR("peer", v->peer),
			HWS_BOOL("direct", v->direct), HWS_STR("via", v->via));
}

int hws_hostd_admit(struct hws_hostd *h, struct hws_host_session_conf *conf)
{
	const char *why = find_refusal(h, conf);
	char text[HWS_ADDR_TEXT];
	struct hws_host_session *v;
	int r;

	hws_addr_text(&conf->from, text, sizeof(text));
	if (why) {
		hws_warn_limited("connection.refused", HWS_STR("peer", text), HWS_STR("why", why));
		h->refused++;
		if (!conf->relay)
			close(conf->fd);
		return HWS_ERR_DENIED;
	}
	if (!is_whitelisted(h, conf)) {
		hws_warn_limited("connection.refused", HWS_STR("peer", text),
				HWS_STR("why",
						conf->told ? "the address is the word of a server that cannot "
							     "prove it, which 'whitelist' does not take: "
							     "see 'trust-server-addresses'"
							   : "not in 'whitelist'"));
		h->refused++;
		conf->refuse = "Your ip is blocked by the peer";
	}
	if (conf->relay)
		make_leg_room(h);
	conf->conn = ++h->last_conn;
	r = hws_host_session_new(&h->env, conf, &v);
	if (r < 0) {
		hws_error_log("connection.failed", HWS_STR("peer", text), HWS_ERR("why", r));
		hws_admit_close(admit_of(h, conf->told), &conf->from);
		return r;
	}
	h->session_count++;
	hws_list_push(&h->sessions, &v->node);
	if (v->begun) /* a leg is told of when it stands */
		log_accepted(h, v);
	return HWS_OK;
}

static void on_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	struct hws_host_session_conf conf = { .fd = fd, .direct = true, .from = *peer };

	(void)hws_hostd_admit(arg, &conf);
}

/* Its number may be another process's from now on. */
static void forget_gate(struct hws_hostd *h, pid_t pid)
{
	struct hws_list *n;

	hws_list_for (n, &h->sessions) {
		struct hws_host_session *v = hws_container(n, struct hws_host_session, node);

		if (v->pid == pid)
			v->pid = 0;
	}
}

static void on_child(evutil_socket_t sig HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct hws_hostd *h = arg;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (hws_agents_reaped(h->agents, pid, status) ||
				hws_layers_reaped(&h->layers, pid, status))
			continue;
		hws_leavers_reaped(&h->leavers, pid);
		forget_gate(h, pid);
		/* a gate: its link says the rest; SIGSYS means that its sandbox caught something */
		if (WIFSIGNALED(status))
			hws_warn("gate.killed", HWS_I64("signal", WTERMSIG(status)));
	}
}

static void on_reload(void *arg)
{
	struct hws_error err = { 0 };

	if (hws_hostd_reload(arg, &err) < 0)
		hws_error_log("settings.refused", HWS_STR("why", err.text));
}

static void say_goodbye(struct hws_host_session *v, void *arg HWS_UNUSED)
{
	hws_host_session_kick(v, HWS_HOST_STOPS_TEXT);
}

static void on_drain(void *arg)
{
	struct hws_hostd *h = arg;

	if (h->direct)
		hws_listener_pause(h->direct);
	if (!h->session_count)
		hws_loop_stop(h->loop);
	else
		hws_hostd_each(h, say_goodbye, NULL);
}

static int open_direct(struct hws_hostd *h, struct hws_error *err)
{
	const struct hws_settings *s = h->settings;
	struct hws_listen_conf lc = {
		.bind_ip = s->direct_bind, .port = s->direct_port, .on_accept = on_accept, .arg = h
	};
	int r;

	if (!hws_settings_direct(s))
		return HWS_OK;
	r = hws_listener_new(h->loop, &lc, &h->direct, err);
	if (r == HWS_OK)
		hws_info("direct.listening", HWS_U64("port", hws_listener_port(h->direct)));
	return r;
}

static int on_viewer(struct hws_host_session_conf *conf, void *arg)
{
	return hws_hostd_admit(arg, conf);
}

static void on_joined(uint64_t meeting, int r, void *arg)
{
	struct hws_hostd *h = arg;

	hws_servers_joined(h->servers, meeting, r);
}

static void on_met(uint64_t meeting, int r, void *arg)
{
	struct hws_hostd *h = arg;
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, &h->sessions) {
		struct hws_host_session *v = hws_container(n, struct hws_host_session, node);

		if (v->meeting != meeting)
			continue;
		if (r == HWS_OK) {
			log_accepted(h, v);
			hws_host_session_begin(v);
		} else {
			hws_host_session_close(v, r);
		}
		return;
	}
}

static int open_servers(struct hws_hostd *h, struct hws_error *err)
{
	struct hws_servers_conf oc = { .settings = h->settings,
		.whoami = &h->whoami,
		.ports = h->ports,
		.admit = on_viewer,
		.met = on_met,
		.arg = h };

	if (*h->settings->server)
		return hws_servers_new(h->loop, &oc, &h->servers, err);
	hws_info("server.none",
			HWS_STR("text",
					"no rendezvous server is set: this host serves "
					"direct connections only"));
	return HWS_OK;
}

static int load_identity(struct hws_hostd *h, struct hws_error *err)
{
	const char *dir = h->settings->state_dir;
	bool moved = false;
	int r = hws_state_lock(dir, &h->state_lock, err);

	if (r == HWS_OK)
		r = hws_machine_settle(dir, "", &moved, err);
	if (r == HWS_OK)
		r = hws_whoami_load(dir, &h->whoami, err);
	if (r == HWS_OK && moved)
		hws_warn("id.renewed", HWS_STR("id", h->whoami.id), HWS_STR("folder", dir),
				HWS_STR("text",
						"the state folder was copied from another machine, which keeps the "
						"old ID; who moved it on purpose finds that in " HWS_FORMER_FOLDER
						": see hawser-host(8)"));
	return r;
}

static int load_strategy(struct hws_hostd *h, struct hws_error *err)
{
	struct hws_managed *m = &h->managed;

	hws_managed_load(m, h->settings, h->settings->state_dir, h->whoami.id);
	if (hws_strategy_lay(&m->now, h->settings, &m->over) < 0)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (hws_managed_number(m, h->settings))
		hws_managed_log(m);
	return HWS_OK;
}

struct hws_host_session *hws_hostd_session(struct hws_hostd *h, uint64_t conn)
{
	struct hws_list *n;

	hws_list_for (n, &h->sessions) {
		struct hws_host_session *v = hws_container(n, struct hws_host_session, node);

		if (v->conn == conn)
			return v;
	}
	return NULL;
}

static void on_let_in(uint64_t conn, void *arg)
{
	struct hws_hostd *h = arg;
	struct hws_host_session *v = hws_hostd_session(h, conn);

	if (v) {
		hws_host_session_shown(v);
		hws_seats_taken(&h->sessions, v);
		return;
	}
	/* a gate that ends at once may be heard of before the agent is */
	for (size_t i = 0; conn && i < HWS_UNSEEN_MAX; i++)
		if (h->unseen[i] == conn) {
			h->unseen[i] = 0;
			use_up(h);
			return;
		}
}

static void on_asked(uint64_t conn, unsigned what, struct hws_bytes data, void *arg)
{
	hws_hostd_asked(arg, conn, what, data);
}

static void on_agent_cost(const Agt__AgentCost *c, void *arg)
{
	struct hws_host_session *v = hws_hostd_session(arg, c->conn);

	if (v)
		v->cost = (struct hws_video_cost){ .pictures = c->pictures,
			.capture_us = c->capture_us,
			.convert_us = c->convert_us,
			.encode_us = c->encode_us,
			.send_us = c->send_us,
			.network_us = c->network_us };
}

static int open_parts(struct hws_hostd *h, struct hws_error *err)
{
	struct hws_settings *s = h->settings;
	const struct hws_agents_conf dc = { .logs = &h->logs,
		.leavers = &h->leavers,
		.launcher = h->launcher,
		.let_in = on_let_in,
		.audit = hws_hostd_agent_audit,
		.cost = on_agent_cost,
		.asked = on_asked,
		.arg = h };
	struct hws_admit_conf ac = { .max_entries = ADDRESSES_MAX,
		.max_links = s->max_per_address,
		.rate = CONNECTS_PER_S,
		.burst = CONNECTS_BURST };
	const struct hws_ports_conf pc = { s, &h->logs, on_viewer, h };
	struct hws_cidr_list whitelist;
	struct hws_vault_conf vc;
	struct hws_error settling = { 0 };
	int r = hws_gate_account_check(s, err);

	if (r == HWS_OK)
		r = load_identity(h, err);
	if (r == HWS_OK)
		r = load_strategy(h, err);
	hws_settings_vault(s, &vc);
	if (r == HWS_OK)
		r = hws_vault_open(&h->vault, s->state_dir, &vc, err);
	if (r < 0)
		return r;
	if (hws_vault_settle(&h->vault, &settling) <
			0) /* nobody is served yet: it may take a while */
		hws_error_log("password.not_rewritten", HWS_STR("why", settling.text));
	if (hws_work_new(1, 4, &h->work) < 0 || hws_limits_new(&h->passwords) < 0 ||
			hws_limits_new(&h->ids) < 0 || hws_admit_new(&ac, &h->admit) < 0 ||
			hws_admit_new(&ac, &h->admit_told) < 0 ||
			hws_door_open(&h->door, hws_loop_now_us(h->loop)) < 0 ||
			hws_audit_log_new(h->loop, s->state_dir, &h->audit) < 0)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	hws_os_guard_init(&h->os_guard);
	h->judge = (struct hws_judge){ .vault = &h->vault,
		.passwords = h->passwords,
		.ids = h->ids,
		.recent = &h->recent,
		.resume = &h->resume_secret,
		.switches = &h->switches_secret,
		.own_id = h->whoami.id,
		.host_pk = h->whoami.identity.pk,
		.id_whitelist = s->id_whitelist,
		.viewer_keys = &h->viewer_keys };
	r = hws_hostd_parse_whitelist(s, &whitelist, err);
	if (r < 0) {
		hws_cidr_list_done(&whitelist);
		return r;
	}
	hws_hostd_apply_access(h, &whitelist);
	r = hws_host_control_new(h, &h->control, err);
	if (r == HWS_OK)
		r = open_direct(h, err);
	if (r == HWS_OK && geteuid() == 0 && !*s->desktop_user)
		hws_warn("desktop.as_root",
				HWS_STR("text",
						"started as root without 'desktop-user': the process that serves the "
						"desktop keeps all rights"));
	if (r == HWS_OK && hws_agents_new(h->loop, s, &dc, &h->agents) < 0)
		r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	h->env = (struct hws_host_session_env){ h->loop, s, &h->judge, &h->whoami, h->agents,
		on_ended, on_joined, h, &h->logs, &h->leavers, h->launcher, hws_hostd_session_audit,
		&h->os_guard, hws_hostd_seat, hws_hostd_leg_asked, hws_hostd_leg_up };
	if (r == HWS_OK && hws_beacon_new(h->loop, s, &h->whoami, &h->logs, &h->beacon) < 0)
		r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	hws_beacon_set_direct_port(h->beacon, h->direct ? hws_listener_port(h->direct) : 0);
	if (r == HWS_OK && hws_ports_new(h->loop, &pc, &h->ports) < 0)
		r = hws_error_set(err, HWS_ERR_SYS, "no port for 'map-ports' can be had");
	if (r == HWS_OK && hws_hostd_report_open(h) < 0)
		r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	return r == HWS_OK ? open_servers(h, err) : r;
}

static int open_daemon(struct hws_hostd *h, struct hws_error *err)
{
	struct hws_daemon_conf dc = {
		.on_reload = on_reload, .on_drain = on_drain, .drain_max_us = DRAIN_US, .arg = h
	};
	int r = hws_daemon_new(h->loop, &dc, &h->daemon);

	if (r < 0)
		return hws_error_set(err, r, "signals cannot be handled");
	event_assign(&h->on_child, hws_loop_base(h->loop), SIGCHLD, EV_SIGNAL | EV_PERSIST,
			on_child, h);
	event_add(&h->on_child, NULL);
	return HWS_OK;
}

int hws_hostd_new(struct hws_loop *loop, struct hws_settings *settings, int argc, char **argv,
		int launcher_fd, struct hws_hostd **ret, struct hws_error *err)
{
	struct hws_hostd *h = hws_secret_alloc(sizeof(*h));
	int r;

	if (!h) {
		if (launcher_fd >= 0)
			close(launcher_fd);
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	}
	hws_secret_tell();
	h->loop = loop;
	h->settings = settings;
	h->argc = argc;
	h->argv = argv;
	h->started_us = hws_loop_now_us(loop);
	h->state_lock = -1;
	hws_list_init(&h->sessions);
	hws_leavers_init(&h->leavers, loop);
	hws_child_logs_init(&h->logs, loop);
	if (launcher_fd >= 0 && hws_launcher_new(loop, launcher_fd, &h->launcher) < 0)
		h->launcher = NULL;
	r = open_daemon(h, err);
	if (r == HWS_OK)
		r = open_parts(h, err);
	if (r < 0) {
		hws_hostd_free(h);
		return r;
	}
	hws_layers_find(&h->layers, settings, &h->logs);
	hws_info("host.ready", HWS_STR("id", h->whoami.id), HWS_STR("version", HAWSER_VERSION));
	hws_daemon_ready(h->daemon);
	*ret = h;
	return HWS_OK;
}

static void close_one(struct hws_host_session *v, void *arg HWS_UNUSED)
{
	hws_host_session_close(v, HWS_OK);
}

void hws_hostd_free(struct hws_hostd *h)
{
	if (!h)
		return;
	hws_listener_free(h->direct);
	hws_beacon_free(h->beacon);
	hws_servers_free(h->servers);
	h->servers = NULL; /* sessions may still tell it */
	hws_ports_free(h->ports);
	hws_report_free(h->report);
	h->report = NULL; /* sessions that end now still tell it */
	hws_set_password_cancel(h->setting);
	hws_control_free(h->control);
	hws_work_free(h->work);
	hws_hostd_each(h, close_one, NULL);
	hws_agents_free(h->agents);
	hws_leavers_done(&h->leavers);
	hws_child_logs_done(&h->logs);
	if (event_initialized(&h->on_child))
		event_del(&h->on_child);
	hws_launcher_free(h->launcher);
	hws_audit_log_free(h->audit);
	hws_daemon_free(h->daemon);
	hws_admit_free(h->admit);
	hws_admit_free(h->admit_told);
	hws_door_close(&h->door);
	hws_cidr_list_done(&h->whitelist);
	hws_limits_free(h->passwords);
	hws_limits_free(h->ids);
	hws_recent_wipe(&h->recent);
	hws_resume_wipe(&h->resume_secret);
	hws_vault_wipe(&h->vault);
	hws_whoami_done(&h->whoami);
	hws_managed_done(&h->managed);
	if (h->state_lock >= 0)
		close(h->state_lock);
	hws_secret_free(h);
}
