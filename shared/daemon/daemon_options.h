/* daemon/daemon_options: rows that the option tables of all servers have, so that they are called
 * and explained alike. `conf` is the server's struct, which has fields of these names. */
#pragma once
#include "shared/conf/option.h"

/* user, sandbox */
#define HWS_DAEMON_OPTIONS_CONFINE(conf)                                                           \
	{ "", "user", 0, HWS_OPT_STR, offsetof(conf, user), "", 0, 0, NULL, 0, "NAME",             \
		"Account to become when started as root.", NULL },                                 \
	{                                                                                          \
		"", "sandbox", 0, HWS_OPT_BOOL, offsetof(conf, sandbox), "yes", 0, 0, NULL, 0,     \
				NULL,                                                              \
				"Give up all system calls that serving does not need; "            \
				"--no-sandbox to debug.",                                          \
				NULL                                                               \
	}

/* metrics, metrics_bind, metrics_port with its usual `port`, log_level, log_format, log_to (which
 * hws_daemon_log_fd takes) */
#define HWS_DAEMON_OPTIONS_MONITORING(conf, port)                                                  \
	{ "monitoring", "metrics", 0, HWS_OPT_BOOL, offsetof(conf, metrics), "no", 0, 0, NULL, 0,  \
		NULL, "Serve /metrics, /healthz and /readyz.", NULL },                             \
			{ "monitoring", "metrics-bind", 0, HWS_OPT_STR,                            \
				offsetof(conf, metrics_bind), "127.0.0.1", 0, 0, NULL, 0, "IP",    \
				"Address of that page.", NULL },                                   \
			{ "monitoring", "metrics-port", 0, HWS_OPT_U16,                            \
				offsetof(conf, metrics_port), port, 0, 65535, NULL, 0, "PORT",     \
				"Port of that page; 0 takes a free one and logs it.", NULL },      \
			{ "monitoring", "log-level", 0, HWS_OPT_ENUM, offsetof(conf, log_level),   \
				"info", 0, 0, "error|warn|info|debug|trace", HWS_OPT_RELOAD,       \
				"LEVEL", "How much is logged.", NULL },                            \
			{ "monitoring", "log-format", 0, HWS_OPT_ENUM, offsetof(conf, log_format), \
				"text", 0, 0, "text|json|journal", 0, "FORMAT",                    \
				"How it is logged.", NULL },                                       \
	{                                                                                          \
		"monitoring", "log-to", 0, HWS_OPT_ENUM, offsetof(conf, log_to), "stderr", 0, 0,   \
				"stderr|stdout", 0, "WHERE",                                       \
				"Where text and json go; the journal has its own way.", NULL       \
	}
