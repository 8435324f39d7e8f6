/* Who moves a compose file from an image of hbbs to ours keeps what stands in it. Only what belongs
 * to those images alone is here: what hbbs itself reads is an alias of the option. */
#include "server-rendezvous/config/container.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"

/* An address of PostgreSQL may hold a password: it goes where nothing is shown. */
static int db_url(const char *value, char *buf HWS_UNUSED, size_t size HWS_UNUSED,
		const char **option, const char **ret)
{
	if (hws_str_starts(value, "postgres"))
		*option = "store-secret";
	*ret = value;
	return HWS_OK;
}

const struct hws_env_name rdv_env_names[RDV_ENV_NAMES] = {
	{ .name = "RELAY", .option = "relay-servers" },
	/* they ask whether a key is needed, we whether none is */
	{ .name = "ENCRYPTED_ONLY", .option = "open", hws_options_invert, .takes = "0 or 1" },
	{ .name = "KEY_PRIV", .option = "secret-key", .file = "/run/secrets/key_priv" },
	{ .name = "KEY_PUB", .option = "public-key", .file = "/run/secrets/key_pub" },
	{ .name = "DB_URL", .option = "store", db_url, .takes = "a file or an address" },
	{ .name = "RUST_LOG",
			.option = "log-level",
			hws_options_rust_log,
			.takes = "error, warn, info, debug or trace" },
	{ .name = "TEST_HBBS", .text = "this server does not send datagrams to itself" },
	{ .name = "PORT_FOR_API",
			.text = "the API server is a program of its own: HAWSER_API_PORT says its "
				"port" },
	{ .name = "MUST_LOGIN",
			.text = "who may connect says hawser-api: HAWSER_RENDEZVOUS_POLICY_SOCKET "
				"names its socket" },
	{ .name = "ID_SERVER", .text = "clients are told the server by their own settings" },
};
