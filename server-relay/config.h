/* relay/config: every setting of the program in one table, and what follows from them. */
#pragma once
#include "server-relay/rules.h"
#include "shared/conf/option.h"

struct rly_config {
	char *config, *control, *control_group, *runtime_dir, *user;
	bool sandbox, takeover;
	char *bind;
	uint16_t port;
	char *ws_port; /* a number, "off", or empty = port + 2 */
	uint32_t threads, max_pairs, max_waiting, max_waiting_addr, max_legs_addr, pipes;
	char *trusted_proxies;
	bool proxy_protocol;
	char *tls_cert, *tls_key;
	char *key, *key_file;
	bool open;
	char *block, *allow, *slow;
	char *block_file, *slow_file;
	int announce;
	char *announcers, *identity, *public_name;
	uint64_t grace_us;
	uint64_t rate_pair, rate_addr, rate_total, rate_slow;
	uint64_t pair_volume, pair_us;
	uint32_t downgrade_pct;
	uint64_t downgrade_us;
	uint64_t first_us, wait_us, idle_us, drain_us, message_max;
	bool metrics;
	char *metrics_bind;
	uint16_t metrics_port;
	int log_level, log_format, log_to;
};

extern const struct hws_options rly_options;

/* Defaults, names of the deployed relay, file, environment, command line: the later one counts. */
int rly_config_read(int argc, char **argv, struct rly_config *ret, int *ret_rest,
		struct hws_error *err) HWS_MUST_CHECK;
/* What single options cannot know: whether they make sense together. */
int rly_config_check(const struct rly_config *c, struct hws_error *err) HWS_MUST_CHECK;
void rly_config_done(struct rly_config *c);
/* Builds the part that may change while running. */
int rly_config_rules(const struct rly_config *c, struct rly_rules **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* 0 = any free; *ret_on false = no WebSocket port. */
int rly_config_ws_port(const struct rly_config *c, uint16_t *ret, bool *ret_on,
		struct hws_error *err) HWS_MUST_CHECK;
