/* What hbbr itself reads (PORT, LIMIT_SPEED ...) is taken everywhere (server-relay/config.c); here
 * is what its images add. */
#include "server-relay/container.h"

const struct hws_env_name rly_env_names[RLY_ENV_NAMES] = {
	{ .name = "KEY_PUB", .option = "key", .file = "/run/secrets/key_pub" },
	/* they ask whether a key is needed, we whether none is */
	{ .name = "ENCRYPTED_ONLY", .option = "open", hws_options_invert, .takes = "0 or 1" },
	{ .name = "RUST_LOG",
			.option = "log-level",
			hws_options_rust_log,
			.takes = "error, warn, info, debug or trace" },
	{ .name = "KEY_PRIV",
			.file = "/run/secrets/key_priv",
			.text = "a relay needs no secret key, and should not have it: take it out" },
	{ .name = "BLACKLIST",
			.text = "HAWSER_RELAY_SLOW names networks that are slowed down, "
				"HAWSER_RELAY_SLOW_FILE a file of them" },
	{ .name = "BLOCKLIST",
			.text = "HAWSER_RELAY_BLOCK names networks that are refused, "
				"HAWSER_RELAY_BLOCK_FILE a file of them" },
};
