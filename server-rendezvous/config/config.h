/* rendezvous/config: every setting of the program, in one table. */
#pragma once
#include "shared/base/err.h"
#include "shared/conf/option.h"
#include <stdbool.h>
#include <stdint.h>

enum rdv_away { RDV_AWAY_REFUSE, RDV_AWAY_LAST };
enum rdv_online_query { RDV_ONLINE_KNOWN, RDV_ONLINE_OPEN, RDV_ONLINE_OFF };

struct rdv_config {
	char *config, *state_dir, *control, *control_group;
	char *bind;
	uint16_t port, nat_port, ws_port;
	uint32_t udp_threads;
	uint64_t rmem;
	char *key, *secret_key, *public_key;
	bool open; /* no key required */
	bool encrypt;
	uint64_t offer_delay_us;
	char *key_copy;
	char *store, *store_secret;
	uint32_t store_pool;
	uint64_t max_peers, queue_max;
	bool enrolled_only, id_change, always_relay;
	int online_query;
	char *relay_servers, *relay_networks, *announce_to;
	int relay_choice, relay_check;
	uint32_t max_links, max_links_per_address;
	uint64_t idle_us, keep_alive_us;
	uint32_t register_rate, register_burst, punch_rate, punch_burst, target_rate, target_burst;
	uint32_t key_rate, key_burst, online_rate, online_burst;
	char *trusted_proxies;
	char *block, *allow;
	char *policy_socket, *api_socket;
	int policy_away;
	bool proxy_protocol;
	char *tls_cert, *tls_key;
	uint16_t tls_port;
	char *tls_relay;
	char *metrics_bind;
	uint16_t metrics_port;
	bool metrics;
	int log_level, log_format, log_to;
	bool sandbox;
	char *user;
	char *node, *node_address, *node_bind;
	uint16_t node_port;
	char *serial, *rendezvous_servers, *software_url, *mask, *local_ip, *test_hbbs,
			*rust_log; /* of other programs: ignored */
};

extern const struct hws_options rdv_options;

/* Everything in force: the file (as a service or as root /etc/hawser/rendezvous.conf, if it is
 * there and none is named), the environment, the command line; checked. `c` is raw memory before,
 * and after an error; free with hws_options_done(&rdv_options, c). */
int rdv_config_load(struct rdv_config *c, int argc, char **argv, int *ret_rest,
		struct hws_error *err) HWS_MUST_CHECK;
/* Checks what single options cannot (ports that collide, a public key given as the secret one ...)
 * and fills derived values (ports). Explains in err. Warnings about settings that other programs
 * take differently go to the log. */
int rdv_config_check(struct rdv_config *c, struct hws_error *err) HWS_MUST_CHECK;
