/* The settings of hawser-api: one table for file, environment and flags. */
#include "admin/api/config.h"
#include "shared/base/macros.h"
#include "shared/daemon/daemon_options.h"
#include "shared/daemon/server_socket.h"

#define AT(f) offsetof(struct adi_config, f)
#define BURST 10u /* a bucket holds what comes in so many seconds */

static const struct hws_option table[] = {
	{ "", "config", 'c', HWS_OPT_PATH, AT(config), "", 0, 0, NULL, HWS_OPT_FLAG_ONLY, "FILE",
			"Read settings from this INI file (a service: /etc/hawser/api.conf, if it is there).",
			NULL },
	{ "", "state-dir", 0, HWS_OPT_PATH, AT(state_dir), "", 0, 0, NULL, 0, "DIR",
			"Folder of the database and its keys (default: the service's own).", NULL },
	{ "", "control", 0, HWS_OPT_PATH, AT(control), "", 0, 0, NULL, 0, "FILE",
			"Control socket for hawser-admin (default: control.sock in the runtime folder).",
			NULL },
	{ "", "runtime-dir", 0, HWS_OPT_PATH, AT(runtime_dir), "", 0, 0, NULL, 0, "DIR",
			"Folder of the control and local sockets (default: the service's own).",
			NULL },
	HWS_DAEMON_OPTIONS_CONFINE(struct adi_config),

	{ "network", "bind", 'b', HWS_OPT_STR, AT(bind), "", 0, 0, NULL, 0, "IP",
			"Serve on this address only (default: all, IPv4 and IPv6).", NULL },
	{ "network", "port", 'p', HWS_OPT_U16, AT(port), "21114", 0, 65535, NULL, 0, "PORT",
			"Port for HTTP, which clients try that were told nothing; 0 takes a free one and logs it.",
			NULL },
	{ "network", "local-socket", 0, HWS_OPT_PATH, AT(local_socket), "", 0, 0, NULL, 0, "FILE",
			"Socket for what the ID server of this machine passes on (default: http.sock in the runtime folder).",
			NULL },
	{ "network", "policy-socket", 0, HWS_OPT_PATH, AT(policy_socket), "", 0, 0, NULL, 0, "FILE",
			"Socket where the ID server of this machine asks who may connect (default: policy.sock in the runtime folder).",
			NULL },
	{ "network", "socket-group", 0, HWS_OPT_STR, AT(socket_group), "", 0, 0, NULL, 0, "GROUP",
			"Members of this group, as the ID server, may open these two sockets.",
			NULL },
	{ "network", "admin-socket", 0, HWS_OPT_PATH, AT(admin_socket), "", 0, 0, NULL, 0, "FILE",
			"Socket where hawser-admin is the owner; only root and the service can open it (default: admin.sock in the runtime folder).",
			NULL },
	{ "network", "server-name", 0, HWS_OPT_STR, AT(server_name), "", 0, 0, NULL, 0, "NAME",
			"What the console and second factors call this server (default: this machine's name).",
			NULL },
	{ "network", "threads", 0, HWS_OPT_U32, AT(threads), "4", 1, 64, NULL, 0, "N",
			"Threads that answer.", NULL },
	{ "network", "password-threads", 0, HWS_OPT_U32, AT(hash_threads), "2", 1, 64, NULL, 0, "N",
			"Threads that check passwords, each busy for a tenth of a second for one.",
			NULL },
	{ "network", "queue", 0, HWS_OPT_U32, AT(queue_max), "2048", 16, 100000, NULL, 0, "N",
			"Requests that may wait for a thread; more are told to come again.", NULL },
	{ "network", "max-links", 0, HWS_OPT_U32, AT(links_max), "20000", 16, 1000000, NULL,
			HWS_OPT_RELOAD, "N", "Connections at the same time.", NULL },
	{ "network", "max-links-per-address", 0, HWS_OPT_U32, AT(links_per_address), "256", 0,
			1000000, NULL, HWS_OPT_RELOAD, "N",
			"Connections of one address (IPv6: one /64); 0 is no limit.", NULL },
	{ "network", "trusted-proxies", 0, HWS_OPT_STR, AT(trusted_proxies), "", 0, 0, NULL,
			HWS_OPT_RELOAD, "NETS", "Networks whose X-Forwarded-For is believed.",
			NULL },
	{ "network", "allowed-origins", 0, HWS_OPT_STR, AT(allowed_origins), "", 0, 0, NULL,
			HWS_OPT_RELOAD, "LIST",
			"Web sites whose pages may use the API in a browser, as https://web.example; comma separated.",
			NULL },
	{ "network", "drain-timeout", 0, HWS_OPT_DURATION, AT(drain_us), "10s", 1000000,
			600000000ull, NULL, 0, "TIME",
			"How long requests may go on after a signal to end.", NULL },

	{ "store", "store", 0, HWS_OPT_STR, AT(store), "sqlite", 0, 0, NULL, 0, "WHERE",
			"sqlite, sqlite:FILE, or a postgresql:// address; several servers on one PostgreSQL are one.",
			NULL },
	{ "store", "store-secret", 0, HWS_OPT_STR, AT(store_secret), "", 0, 0, NULL, HWS_OPT_SECRET,
			"ADDRESS",
			"A postgresql:// address that holds a password; goes before store.", NULL },
	{ "store", "secrets-file", 0, HWS_OPT_PATH, AT(secrets_file), "", 0, 0, NULL, 0, "FILE",
			"Keys of what is sealed in the database; all servers on one database need the same (default: api.keys in the state folder).",
			NULL },

	{ "devices", "rendezvous-control", 0, HWS_OPT_PATH, AT(rendezvous_control), "", 0, 0, NULL,
			0, "FILE",
			"Control socket of the ID server of this machine: what is online, orders, signatures (default: hawser-rendezvous/control.sock beside the runtime folder, once it is there).",
			NULL },
	{ "devices", "relay-control", 0, HWS_OPT_STR, AT(relay_control), "", 0, 0, NULL, 0, "FILES",
			"Control sockets of relays of this machine; comma separated (default: hawser-relay/control.sock there).",
			NULL },
	{ "devices", "register-by-reports", 0, HWS_OPT_BOOL, AT(register_by_reports), "no", 0, 0,
			NULL, 0, NULL,
			"Enter devices that nobody has told of when they first report; only where the ID server is none of ours, since anybody may report.",
			NULL },
	{ "devices", "presets", 0, HWS_OPT_ENUM, AT(presets), "queue", 0, 0, "ignore|queue|accept",
			HWS_OPT_RELOAD, "WHAT",
			"What becomes of the group, strategy, note and address book that a device's installer has set for it.",
			NULL },
	{ "notices", "notice-ca", 0, HWS_OPT_PATH, AT(notice_ca), "", 0, 0, NULL, 0, "FILE",
			"Authorities (PEM) for the mail server and webhooks, instead of the system's.",
			NULL },
	{ "notices", "private-webhooks", 0, HWS_OPT_BOOL, AT(private_webhooks), "no", 0, 0, NULL, 0,
			NULL,
			"Webhooks may be in this machine and in private networks: who administers by the console can then reach those.",
			NULL },
	{ "notices", "mails-per-minute", 0, HWS_OPT_U32, AT(mails_per_minute), "60", 1, 6000, NULL,
			0, "N", "Mails that go out in a minute; more wait.", NULL },

	{ "recordings", "recording-key", 0, HWS_OPT_PATH, AT(recording_key), "", 0, 0, NULL, 0,
			"FILE",
			"The auditor's public key: recordings that devices upload are kept, closed for it; without one none are taken.",
			NULL },
	{ "recordings", "recording-folder", 0, HWS_OPT_PATH, AT(recording_folder), "", 0, 0, NULL,
			0, "DIR",
			"Where they are kept (default: recordings in the state folder); servers on one database need the same.",
			NULL },
	{ "recordings", "recordings-max", 0, HWS_OPT_SIZE, AT(recordings_max), "50G", 0, 0, NULL, 0,
			"SIZE", "What all together may take; 0 is no limit.", NULL },
	{ "recordings", "recordings-device-max", 0, HWS_OPT_SIZE, AT(recordings_device_max), "10G",
			0, 0, NULL, 0, "SIZE", "What those of one device may take.", NULL },

	{ "tls", "tls-cert", 0, HWS_OPT_PATH, AT(tls_cert), "", 0, 0, NULL, HWS_OPT_RELOAD, "FILE",
			"Certificate chain (PEM): HTTPS is served, too.", NULL },
	{ "tls", "tls-key", 0, HWS_OPT_PATH, AT(tls_key), "", 0, 0, NULL, HWS_OPT_RELOAD, "FILE",
			"Its private key (PEM).", NULL },
	{ "tls", "tls-port", 0, HWS_OPT_U16, AT(tls_port), "443", 0, 65535, NULL, 0, "PORT",
			"Port for HTTPS; 0 takes a free one and logs it.", NULL },

	{ "identity", "public-url", 0, HWS_OPT_STR, AT(public_url), "", 0, 0, NULL, 0, "URL",
			"How browsers and clients reach this server, as https://desk.example.org: for links, and for providers to send browsers back.",
			NULL },
	{ "identity", "oidc-urls", 0, HWS_OPT_STR, AT(oidc_urls), "", 0, 0, NULL, 0, "LIST",
			"Further such addresses that a client may come back by from a provider; comma separated.",
			NULL },
	{ "identity", "oidc-ca", 0, HWS_OPT_PATH, AT(oidc_ca), "", 0, 0, NULL, 0, "FILE",
			"Authorities (PEM) that vouch for OpenID Connect providers (default: the system's).",
			NULL },
	{ "identity", "ldap-ca", 0, HWS_OPT_PATH, AT(ldap_ca), "", 0, 0, NULL, 0, "FILE",
			"Authorities (PEM) that vouch for the directory (default: the system's).",
			NULL },

	{ "access", "unowned-open", 0, HWS_OPT_BOOL, AT(unowned_open), "yes", 0, 0, NULL,
			HWS_OPT_RELOAD, NULL,
			"Who is logged in may reach devices that nobody owns and no group has.",
			NULL },

	{ "limits", "device-rate", 0, HWS_OPT_U32, AT(rate_device), "100", 0, 1000000, NULL,
			HWS_OPT_RELOAD, "N",
			"Reports of devices a second from one address; 0 is no limit.", NULL },
	{ "limits", "user-rate", 0, HWS_OPT_U32, AT(rate_user), "50", 0, 1000000, NULL,
			HWS_OPT_RELOAD, "N", "Requests of users a second from one address.", NULL },
	{ "limits", "login-rate", 0, HWS_OPT_U32, AT(rate_login), "2", 0, 1000000, NULL,
			HWS_OPT_RELOAD, "N", "Attempts to log in a second from one address.",
			NULL },

	HWS_DAEMON_OPTIONS_MONITORING(struct adi_config, "21124"),
};

const struct hws_options adi_options = {
	.program = "hawser-api",
	.env_prefix = "HAWSER_API_",
	.usage = "hawser-api [options]\n"
		 "hawser-api config [options]    print the settings in force\n"
		 "hawser-api health [--ready]    does the server that runs here serve?",
	.about = "The API server: what clients log in to and report to, and the web console. "
		 "Runs beside hawser-rendezvous.",
	.table = table,
	.count = HWS_COUNT(table),
};

int adi_config_read(
		int argc, char **argv, struct adi_config *ret, int *ret_rest, struct hws_error *err)
{
	return hws_options_load(&adi_options, ret, hws_server_usual_file(&hws_api_control), argc,
			argv, ret_rest, err);
}

int adi_config_check(const struct adi_config *c, struct hws_error *err)
{
	if ((*c->tls_cert != 0) != (*c->tls_key != 0))
		return hws_error_set(
				err, HWS_ERR_INVAL, "--tls-cert and --tls-key belong together");
	if (*c->tls_cert && c->port && c->port == c->tls_port)
		return hws_error_set(err, HWS_ERR_INVAL, "--port and --tls-port must differ");
	return HWS_OK;
}

void adi_config_done(struct adi_config *c)
{
	hws_options_done(&adi_options, c);
}

struct htp_limits adi_config_limits(const struct adi_config *c)
{
	return (struct htp_limits){
		.rate = {
			[HTP_RATE_DEVICE] = { c->rate_device, BURST * c->rate_device },
			[HTP_RATE_USER] = { c->rate_user, BURST * c->rate_user },
			[HTP_RATE_LOGIN] = { c->rate_login, BURST * c->rate_login },
		},
		.links_max = c->links_max,
		.links_per_address = c->links_per_address,
		.trusted = c->trusted_proxies,
		.origins = c->allowed_origins,
	};
}
