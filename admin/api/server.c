/* hawser-api as a whole: makes the edge with all tables of routes, binds its ports, and does what
 * an operator or a signal asks. */
#include "admin/api/fleet.h"
#include "admin/api/identity.h"
#include "admin/api/keeper.h"
#include "admin/api/policy_link.h"
#include "admin/api/server_parts.h"
#include "admin/api/v1.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/daemon.h"
#include "shared/sys/local_socket.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCAL_BACKLOG 256
#define LOOK_US HWS_US_PER_S
#define FD_OWN 256u /* standard ones, loops, control, metrics, databases */

/* --- places ----------------------------------------------------------------------------------- */

static int runtime_path(const struct adi_config *c, const char *given, const char *name, char *buf,
		size_t size, struct hws_error *err)
{
	char dir[480];
	int r;

	if (*given) {
		r = hws_str_copy(buf, size, given);
	} else {
		if (*c->runtime_dir)
			r = hws_daemon_named_dir(c->runtime_dir, dir, sizeof(dir), err);
		else
			r = hws_daemon_runtime_dir("hawser-api", dir, sizeof(dir), err);
		if (r < 0)
			return r;
		r = hws_fmt(buf, size, "%s/%s", dir, name);
	}
	return r < 0 ? hws_error_set(err, r, "the path of a socket is too long") : HWS_OK;
}

static int find_places(struct adi_server *s, struct hws_error *err)
{
	int r = runtime_path(s->conf, s->conf->control, "control.sock", s->control_path,
			sizeof(s->control_path), err);

	if (r == HWS_OK)
		r = runtime_path(s->conf, s->conf->local_socket, "http.sock", s->local_path,
				sizeof(s->local_path), err);
	if (r == HWS_OK)
		r = runtime_path(s->conf, s->conf->admin_socket, "admin.sock", s->admin_path,
				sizeof(s->admin_path), err);
	if (r == HWS_OK)
		r = runtime_path(s->conf, s->conf->policy_socket, "policy.sock", s->policy_path,
				sizeof(s->policy_path), err);
	return r;
}

/* The servers of one machine have their runtime folders side by side, ours one of them. */
static int find_others(struct adi_server *s, struct hws_error *err)
{
	char *slash, *dir = s->app->servers_dir;
	int r = runtime_path(s->conf, "", "", dir, sizeof(s->app->servers_dir), err);

	for (int i = 0; i < 2 && r == HWS_OK && (slash = strrchr(dir, '/')); i++)
		*slash = '\0';
	return r;
}

/* --- ports ------------------------------------------------------------------------------------ */

static int listen_local(struct adi_server *s, const char *path, bool admin, bool *ret_bound,
		struct hws_error *err)
{
	struct htp_port_conf port = { .local = true, .admin = admin };
	struct stat st;
	int r;

	/* what a process that was killed left; the control socket, bound before, is ours alone */
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(path);
	r = hws_local_listen(path, SOCK_STREAM, LOCAL_BACKLOG, &port.fd, err);
	if (r == HWS_OK) {
		*ret_bound = true;
		r = htp_server_listen(s->edge, &port, NULL, err);
		if (r < 0)
			close(port.fd);
	}
	return r;
}

static int listen_all(struct adi_server *s, struct hws_error *err)
{
	const struct adi_config *c = s->conf;
	struct htp_port_conf plain = { .bind_ip = c->bind, .port = c->port };
	struct htp_port_conf tls = { .bind_ip = c->bind, .port = c->tls_port };
	int r = htp_server_listen(s->edge, &plain, &s->port, err);

	if (r == HWS_OK && *c->tls_cert) {
		r = hws_tls_server_new(c->tls_cert, c->tls_key, &s->tls, err);
		tls.tls = s->tls;
		if (r == HWS_OK)
			atomic_store(&s->app->certificate_ends_at,
					hws_tls_server_ends(s->tls) * 1000);
		if (r == HWS_OK)
			r = htp_server_listen(s->edge, &tls, &s->tls_port, err);
	}
	if (r == HWS_OK)
		r = listen_local(s, s->local_path, false, &s->local_bound, err);
	if (r == HWS_OK)
		r = listen_local(s, s->admin_path, true, &s->admin_bound, err);
	if (r == HWS_OK && *c->socket_group)
		r = hws_local_share(s->local_path, c->socket_group, err);
	if (r == HWS_OK)
		r = adi_policy_new(s->loop, s->app, htp_server_pool(s->edge, HTP_POOL_COMMON),
				s->policy_path, c->socket_group, &s->policy, err);
	return r;
}

/* --- limits ----------------------------------------------------------------------------------- */

/* What the settings say, as far as there are descriptors for it. */
static struct htp_limits limits_of(struct adi_server *s, const struct adi_config *c)
{
	struct htp_limits l = adi_config_limits(c);
	uint64_t room = s->fd_limit > 2 * FD_OWN ? s->fd_limit - FD_OWN : FD_OWN;

	if (l.links_max > room && !s->told_of_files) {
		s->told_of_files = true;
		hws_warn("few_descriptors", HWS_U64("max_links", l.links_max),
				HWS_U64("possible", room),
				HWS_STR("text", "raise the limit of open files (LimitNOFILE=; of a container: ulimits: nofile)"));
	}
	l.links_max = (uint32_t)HWS_MIN(l.links_max, room);
	if (hws_fmt(s->all_origins, sizeof(s->all_origins), "%s%s%s", c->allowed_origins,
			    *c->allowed_origins && *s->set_origins ? "," : "",
			    s->set_origins) == HWS_OK)
		l.origins = s->all_origins;
	return l;
}

/* The settings are read by threads; what of them the edge must know comes to it here. */
static void look(void *arg)
{
	struct adi_server *s = arg;
	struct hws_error err = { 0 };
	struct adi_settings set;
	struct htp_limits limits;

	if (!adi_app_settings_last(s->app, &set) ||
			strcmp(set.allowed_origins, s->set_origins) == 0)
		return;
	memcpy(s->set_origins, set.allowed_origins, sizeof(s->set_origins));
	limits = limits_of(s, s->conf);
	if (htp_server_set_limits(s->edge, &limits, &err) < 0)
		hws_warn("origins_refused", HWS_STR("error", err.text));
}

/* --- life ------------------------------------------------------------------------------------- */

static int new_edge(struct adi_server *s, struct hws_error *err)
{
	const struct htp_routes tables[] = {
		{ adi_routes_oidc, adi_routes_oidc_count, s->app },
		{ adi_routes_devices, adi_routes_devices_count, s->app },
		{ adi_routes_enrol, adi_routes_enrol_count, s->app },
		{ adi_routes_record, adi_routes_record_count, s->app },
		{ adi_routes_reports, adi_routes_reports_count, s->app },
		{ adi_routes_avatar, adi_routes_avatar_count, s->app },
		{ adi_routes_login, adi_routes_login_count, s->app },
		{ adi_routes_books, adi_routes_books_count, s->app },
		{ adi_routes_group_tab, adi_routes_group_tab_count, s->app },
		{ adi_routes_scripts_audits, adi_routes_scripts_audits_count, s->app },
		{ adi_routes_scripts_devices, adi_routes_scripts_devices_count, s->app },
		{ adi_routes_scripts_books, adi_routes_scripts_books_count, s->app },
		{ adi_routes_scripts_groups, adi_routes_scripts_groups_count, s->app },
		{ adi_routes_scripts_strategies, adi_routes_scripts_strategies_count, s->app },
		{ adi_routes_scripts_users, adi_routes_scripts_users_count, s->app },
		adi_v1_routes(s->v1),
	};
	struct htp_conf conf = {
		.tables = HWS_COUNT(tables),
		.files = &adi_console,
		.authorise = adi_authorise,
		.shape = adi_v1_shape,
		.arg = s->app,
		.threads = s->conf->threads,
		.hash_threads = s->conf->hash_threads,
		.queue_max = s->conf->queue_max,
		.limits = limits_of(s, s->conf),
	};

	s->tables = hws_memdup(tables, sizeof(tables));
	if (!s->tables)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	conf.table = s->tables;
	return htp_server_new(s->loop, &conf, &s->edge, err);
}

int adi_server_check(const struct adi_config *c, struct hws_error *err)
{
	int r = adi_config_check(c, err);

	return r == HWS_OK ? adi_identity_check(c, err) : r;
}

int adi_server_new(struct hws_loop *loop, struct adi_config *c, struct adi_server **ret,
		struct hws_error *err)
{
	struct adi_server *s = hws_alloc(sizeof(*s));
	int r;

	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	s->loop = loop;
	s->conf = c;
	s->fd_limit = hws_daemon_raise_nofile();
	r = find_places(s, err);
	if (r == HWS_OK)
		r = adi_app_new(c, &s->app, err);
	if (r == HWS_OK)
		r = find_others(s, err);
	if (r == HWS_OK && adi_identity_new(c, &s->app->identity) < 0)
		r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (r == HWS_OK)
		r = adi_v1_new(s->app, &s->v1, err);
	if (r == HWS_OK)
		r = adi_control_new(s, err);
	if (r == HWS_OK)
		r = adi_fleet_new(s->app, &s->app->fleet, err);
	if (r == HWS_OK)
		r = new_edge(s, err);
	if (r == HWS_OK && adi_keeper_new(s->app, &s->keeper) < 0)
		r = hws_error_set(err, HWS_ERR_NOMEM, "the system starts no thread");
	if (r == HWS_OK)
		r = listen_all(s, err);
	if (r == HWS_OK)
		r = adi_metrics_new(s, err);
	if (r < 0) {
		adi_server_free(s);
		return r;
	}
	hws_info("listening", HWS_U64("port", s->port), HWS_U64("tls_port", s->tls_port),
			HWS_STR("control", s->control_path), HWS_STR("local", s->local_path),
			HWS_STR("policy", s->policy_path),
			HWS_U64("metrics", s->http ? hws_metrics_http_port(s->http) : 0));
	if (!s->tls && !*c->trusted_proxies)
		hws_warn("plain_http",
				HWS_STR("text",
						"passwords and tokens cross the network unencrypted: "
						"give --tls-cert and --tls-key, or put a TLS proxy "
						"before it and name it in --trusted-proxies"));
	adi_setup_announce(s->app);
	hws_timer_every(s->loop, &s->look, LOOK_US, look, s);
	*ret = s;
	return HWS_OK;
}

void adi_server_free(struct adi_server *s)
{
	if (!s)
		return;
	hws_timer_stop(&s->look);
	adi_metrics_free(s);
	if (s->local_bound)
		(void)unlink(s->local_path);
	if (s->admin_bound)
		(void)unlink(s->admin_path);
	adi_policy_free(s->policy);
	htp_server_free(s->edge);
	adi_keeper_free(s->keeper); /* after the last heartbeat */
	if (s->app)
		adi_fleet_free(s->app->fleet);
	hws_tls_server_free(s->tls);
	hws_control_free(s->control);
	hws_free(s->tables);
	adi_v1_free(s->v1);
	if (s->app)
		adi_identity_free(s->app->identity);
	adi_app_free(s->app);
	hws_free(s);
}

int adi_server_reload(struct adi_server *s, struct adi_config *c, struct hws_error *err)
{
	struct htp_limits limits = limits_of(s, c);
	struct hws_tls_server *fresh = NULL;
	char kept[300];
	int r = HWS_OK;

	if (hws_options_keep(&adi_options, c, s->conf, s->tls ? NULL : "tls-cert,tls-key", kept,
			    sizeof(kept)) < 0)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (s->tls && *c->tls_cert)
		r = hws_tls_server_new(c->tls_cert, c->tls_key, &fresh, err);
	if (r == HWS_OK)
		r = htp_server_set_limits(s->edge, &limits, err);
	if (r < 0) {
		hws_tls_server_free(fresh);
		return r;
	}
	if (fresh)
		hws_tls_server_replace(s->tls, fresh);
	if (fresh)
		atomic_store(&s->app->certificate_ends_at, hws_tls_server_ends(s->tls) * 1000);
	if (*kept)
		hws_warn("reload.needs_restart", HWS_STR("options", kept));
	s->conf = c;
	s->app->conf = c;
	return HWS_OK;
}

void adi_server_drain(struct adi_server *s, void (*fn)(void *arg), void *arg)
{
	s->draining = true;
	atomic_store(&s->app->draining, true);
	htp_server_drain(s->edge, fn, arg);
}
