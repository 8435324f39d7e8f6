/* host/ipc_caps: what hostd lets gates and the agent say, and these each other, looked at before
 * anything is unpacked.
 * They hold what strangers sent, and may have fallen into their hands: of the messages between the
 * processes hostd takes those that are its own, each field once, and no text or bytes longer than
 * it has a use for. Pure. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

/* A whole message to or from hostd: the longest is GateRelay. */
#define HWS_IPC_HOSTD_FRAME_MAX (4u << 10)
/* What hostd keeps for one of them to read. It sends a few short messages; one that does not read
 * these is given up. */
#define HWS_IPC_HOSTD_QUEUE_MAX (64u << 10)
/* Messages that hostd takes of one of them in a second, and at once; one that says more is ended. A
 * gate reports each 5 seconds and when something changes; what is typed, persons type. */
#define HWS_IPC_HOSTD_RATE 20u
#define HWS_IPC_HOSTD_BURST 200u
/* The same of an agent, which tells what is done for the audit log: it keeps below that itself, and
 * says how many it has left out. */
#define HWS_IPC_AGENT_FRAME_MAX (16u << 10)
#define HWS_IPC_AGENT_QUEUE_MAX (1u << 20)
#define HWS_IPC_AGENT_RATE 10000u
#define HWS_IPC_AGENT_BURST 60000u
/* An agent stays below that with its events: so many of all sessions and of each, and of removals,
 * which are to be seen one by one (host/audit_budget), so many besides. */
#define HWS_AGENT_AUDIT_RATE 3000u
#define HWS_AGENT_AUDIT_BURST 15000u
#define HWS_AGENT_AUDIT_SESSION_RATE 1000u
#define HWS_AGENT_AUDIT_SESSION_BURST 5000u
#define HWS_AGENT_AUDIT_KEPT_RATE 6000u
#define HWS_AGENT_AUDIT_KEPT_BURST 40000u
#define HWS_IPC_PATH_MAX 4096u /* what is longer is cut */
/* The same between gate and agent, where each picture is answered by one. */
#define HWS_IPC_SESSION_RATE 1000u
#define HWS_IPC_SESSION_BURST 4000u
/* Senders shorten what comes from viewers to these. */
#define HWS_IPC_TEXT_MAX 256u
#define HWS_IPC_PROOF_MAX 64u /* a right one has 32 */
#define HWS_IPC_KEY_MAX 32u   /* keys, shares and confirmations of v2 have no more */

/* One serialised agt.Message, for hws_ipc_conf.check. HWS_ERR_PROTO: does not parse, holds a
 * message that is not said to hostd by these, an unknown field or one twice; HWS_ERR_TOOBIG. */
int hws_ipc_check_gate(struct hws_bytes message) HWS_MUST_CHECK;
int hws_ipc_check_beacon(struct hws_bytes message) HWS_MUST_CHECK;
int hws_ipc_check_agent(struct hws_bytes message) HWS_MUST_CHECK;
/* Of the process that asks the router for a port. */
int hws_ipc_check_ports(struct hws_bytes message) HWS_MUST_CHECK;
/* Of the process that reports to an API server. */
int hws_ipc_check_report(struct hws_bytes message) HWS_MUST_CHECK;
/* The same for what gate and agent say to each other. */
int hws_ipc_check_gate_to_agent(struct hws_bytes message) HWS_MUST_CHECK;
int hws_ipc_check_agent_to_gate(struct hws_bytes message) HWS_MUST_CHECK;
