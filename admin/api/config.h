/* api/config: every setting of hawser-api in one table. */
#pragma once
#include "admin/http/server.h"
#include "shared/conf/option.h"

/* What becomes of the presets in reports of devices. */
enum adi_presets { ADI_PRESETS_IGNORE, ADI_PRESETS_QUEUE, ADI_PRESETS_ACCEPT };

struct adi_config {
	char *config, *state_dir, *control, *runtime_dir, *user;
	bool sandbox;
	char *bind;
	uint16_t port, tls_port;
	uint32_t threads, hash_threads, queue_max;
	uint32_t links_max, links_per_address;
	char *trusted_proxies, *allowed_origins;
	char *local_socket, *admin_socket, *policy_socket, *socket_group;
	bool unowned_open;
	char *store, *store_secret, *secrets_file;
	char *server_name;
	char *tls_cert, *tls_key;
	char *public_url, *oidc_urls, *oidc_ca, *ldap_ca;
	uint32_t rate_device, rate_user, rate_login;
	char *rendezvous_control, *relay_control;
	bool register_by_reports;
	int presets; /* enum adi_presets */
	uint64_t drain_us;
	char *notice_ca;
	char *recording_key, *recording_folder;
	uint64_t recordings_max, recordings_device_max;
	bool private_webhooks;
	uint32_t mails_per_minute;
	bool metrics;
	char *metrics_bind;
	uint16_t metrics_port;
	int log_level, log_format, log_to;

	/* Of the program, not an option: those before a reload, which threads may still read. */
	struct adi_config *before;
};

extern const struct hws_options adi_options;

/* Defaults, file, environment, command line: the later one counts. */
int adi_config_read(int argc, char **argv, struct adi_config *ret, int *ret_rest,
		struct hws_error *err) HWS_MUST_CHECK;
/* What single options cannot know: whether they make sense together. */
int adi_config_check(const struct adi_config *c, struct hws_error *err) HWS_MUST_CHECK;
void adi_config_done(struct adi_config *c);
/* The limits of the edge that follow from it; its texts are those of `c`. */
struct htp_limits adi_config_limits(const struct adi_config *c);
