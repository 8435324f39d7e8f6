/* api/server_parts: what the files of the program share. Private to admin/api. */
#pragma once
#include "admin/api/app.h"
#include "admin/api/server.h"
#include "shared/daemon/control.h"
#include "shared/daemon/metrics.h"
#include "shared/net/tls.h"

struct adi_keeper;
struct adi_metrics;
struct adi_policy;

struct adi_server {
	struct hws_loop *loop;
	struct adi_config *conf;
	struct adi_app *app;
	struct adi_v1 *v1;
	struct adi_keeper *keeper;
	struct htp_server *edge;
	struct htp_routes *tables;  /* of the edge */
	struct hws_tls_server *tls; /* NULL = plain HTTP only */
	struct hws_control *control;
	struct adi_policy *policy;
	char control_path[512], local_path[512], admin_path[512], policy_path[512];
	uint16_t port, tls_port;
	bool told_of_files;
	bool local_bound, admin_bound, draining;
	uint64_t fd_limit;
	/* Other sites whose pages may read answers: what the settings of the console say, and that
	 * with the option before it. */
	char set_origins[ADI_ORIGINS_TEXT], all_origins[2 * ADI_ORIGINS_TEXT];
	struct hws_timer look; /* whether that has changed */
	struct adi_metrics *page;
	struct hws_metrics *metrics;
	struct hws_metrics_http *http;
};

/* api/control */
int adi_control_new(struct adi_server *s, struct hws_error *err) HWS_MUST_CHECK;
/* api/metrics */
int adi_metrics_new(struct adi_server *s, struct hws_error *err) HWS_MUST_CHECK;
void adi_metrics_free(struct adi_server *s);
/* api/routes_*: a table each; `arg` of their handlers is the struct adi_app. */
extern const struct htp_route adi_routes_oidc[];
extern const size_t adi_routes_oidc_count;
extern const struct htp_route adi_routes_devices[];
extern const size_t adi_routes_devices_count;
extern const struct htp_route adi_routes_enrol[];
extern const size_t adi_routes_enrol_count;
extern const struct htp_route adi_routes_record[];
extern const size_t adi_routes_record_count;
extern const struct htp_route adi_routes_reports[];
extern const size_t adi_routes_reports_count;
extern const struct htp_route adi_routes_avatar[];
extern const size_t adi_routes_avatar_count;
extern const struct htp_route adi_routes_login[];
extern const size_t adi_routes_login_count;
extern const struct htp_route adi_routes_books[];
extern const size_t adi_routes_books_count;
extern const struct htp_route adi_routes_group_tab[];
extern const size_t adi_routes_group_tab_count;
extern const struct htp_route adi_routes_scripts_audits[];
extern const size_t adi_routes_scripts_audits_count;
extern const struct htp_route adi_routes_scripts_devices[];
extern const size_t adi_routes_scripts_devices_count;
extern const struct htp_route adi_routes_scripts_books[];
extern const size_t adi_routes_scripts_books_count;
extern const struct htp_route adi_routes_scripts_groups[];
extern const size_t adi_routes_scripts_groups_count;
extern const struct htp_route adi_routes_scripts_strategies[];
extern const size_t adi_routes_scripts_strategies_count;
extern const struct htp_route adi_routes_scripts_users[];
extern const size_t adi_routes_scripts_users_count;
extern const struct htp_files adi_console; /* made by the build of admin/console */
