/* host/port_pcp: one question to a router by UDP, asked again until it is answered, in PCP and then
 * in NAT-PMP. In the process that asks for ports alone. One loop thread. */
#pragma once
#include "client/reach/pcp.h"
#include "shared/loop/loop.h"
#include "shared/sys/route.h"

struct hws_port_pcp;

/* HWS_OK: `a` says MAPPED or REFUSED, in NAT-PMP where `older`. HWS_ERR_TIMEOUT, HWS_ERR_REFUSED:
 * nobody answers; HWS_ERR_SYS. Once; the question is over then. */
typedef void (*hws_port_pcp_cb)(int r, const struct hws_pcp_answer *a, bool older, void *arg);

struct hws_port_pcp_conf {
	struct hws_route route;
	uint16_t router_port; /* HWS_PCP_PORT, but for tests */
	struct hws_pcp_map map;
	bool older; /* NAT-PMP at once */
	hws_port_pcp_cb done;
	void *arg;
};

int hws_port_pcp_ask(struct hws_loop *loop, const struct hws_port_pcp_conf *conf,
		struct hws_port_pcp **ret) HWS_MUST_CHECK;
/* Takes NULL. Nothing is called any more. */
void hws_port_pcp_cancel(struct hws_port_pcp *p);
