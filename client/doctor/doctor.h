/* doctor: examines the network that this machine is in against one rendezvous server: which ports
 * are open, which NAT and firewall there are, whether the relay relays; and says what to do. All
 * tests run side by side, each with a limit. Findings as daemon/findings. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include "shared/net/proxy_client.h"
#include <jansson.h>

#define HWS_DOCTOR_MAX_US 14500000ull /* all of it */

struct hws_doctor_conf {
	const char *server;            /* as reach/server_addr, default port 21116 */
	const char *key;               /* its public key as text; "" = none is configured */
	const struct hws_proxy *proxy; /* NULL = none */
};

/* For programs that do nothing else meanwhile (doctor/run): blocks, on a loop of its own. `server`
 * and `key` may be lists, whose servers are tested side by side. *ret: a list of findings; where
 * there are several servers each names its "server". */
int hws_doctor_run(const struct hws_doctor_conf *conf, json_t **ret,
		struct hws_error *err) HWS_MUST_CHECK;

struct hws_doctor;
/* `facts` borrow until the object is freed. */
struct hws_doctor_facts;
typedef void (*hws_doctor_cb)(const struct hws_doctor_facts *facts, void *arg);
/* Everything but the loop and the workers is copied. `done` comes once, not inside. */
int hws_doctor_new(struct hws_loop *loop, struct hws_work *work, const struct hws_doctor_conf *conf,
		hws_doctor_cb done, void *arg, struct hws_doctor **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* At any time; frees at the end of the turn. Takes NULL. */
void hws_doctor_free(struct hws_doctor *d);
/* One slow name would hold the process: resolvers of this process ask once, and briefly. Before the
 * first thread. */
void hws_doctor_hurry(void);
