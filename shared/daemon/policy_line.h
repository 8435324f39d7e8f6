/* daemon/policy_line: what the ID server and the API server of one installation say to each other
 * on the policy socket: a JSON object a line. The ID server asks who may reach what, and tells what
 * it sees; the API server answers. Texts are copied within their bounds, numbers checked; members
 * that are not known are skipped, so that either side may be newer. No I/O. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_POLICY_LINE_MAX 8192u
#define HWS_POLICY_TOKEN_TEXT 513 /* longer ones are nobody's; with NUL, as all of these */
#define HWS_POLICY_ID_TEXT 65
#define HWS_POLICY_ADDRESS_TEXT 64
#define HWS_POLICY_SWITCH_TEXT 129
#define HWS_POLICY_UUID_TEXT 173 /* base64 of 128 bytes */
#define HWS_POLICY_KEY_TEXT 45
#define HWS_POLICY_NODE_TEXT 65
#define HWS_POLICY_REF_TEXT 65
#define HWS_POLICY_TEXT 241
#define HWS_POLICY_HOLD_MAX_S 60u

enum hws_policy_say {
	HWS_POLICY_HELLO,  /* first: `node` */
	HWS_POLICY_ACCESS, /* may `token` at `address` reach `id` by `kind`? Answered by `number` */
	/* `id`, `uuid`, `key`, `address`; `old_id`: it has taken another; `refused`: it was told
	 * NOT_DEPLOYED */
	HWS_POLICY_DEVICE,
	HWS_POLICY_BEGIN, /* a viewer keeps a session alive on link `number`: `token`, `address` */
	HWS_POLICY_END,   /* that link has ended */
	HWS_POLICY_SAYS
};

/* Of the ID server. */
struct hws_policy_say_line {
	enum hws_policy_say say;
	uint64_t number;
	uint32_t kind;   /* as ConnType in the protocol */
	uint64_t seen_s; /* of a device: Unix time of its registration, 0 = now */
	bool refused;
	char token[HWS_POLICY_TOKEN_TEXT], id[HWS_POLICY_ID_TEXT];
	char old_id[HWS_POLICY_ID_TEXT];          /* of a device: that it had until now; "" */
	char address[HWS_POLICY_ADDRESS_TEXT];    /* without a port */
	char switch_code[HWS_POLICY_SWITCH_TEXT]; /* "": none */
	char uuid[HWS_POLICY_UUID_TEXT];          /* base64 of the machine id */
	char key[HWS_POLICY_KEY_TEXT];            /* base64 of the device's public key */
	char node[HWS_POLICY_NODE_TEXT];
};

enum hws_policy_word { HWS_POLICY_ALLOW, HWS_POLICY_REFUSE, HWS_POLICY_UNDECIDED };

/* Of the API server, to HWS_POLICY_ACCESS. */
struct hws_policy_answer {
	uint64_t number;
	enum hws_policy_word word;
	bool feedback;                 /* the viewer is to keep a link while the session lasts */
	uint64_t permissions;          /* two bits each, as ControlPermissions */
	uint32_t hold_s;               /* how long it may be reused; 0 = the usual time */
	char ref[HWS_POLICY_REF_TEXT]; /* for the host's audit; "" = none */
	char text[HWS_POLICY_TEXT];    /* for who is refused */
};

/* HWS_ERR_PROTO: no such line. Strings of `ret` are set whatever comes of it. */
int hws_policy_say_parse(struct hws_bytes line, struct hws_policy_say_line *ret) HWS_MUST_CHECK;
int hws_policy_answer_parse(struct hws_bytes line, struct hws_policy_answer *ret) HWS_MUST_CHECK;
/* Append a line with its end. HWS_ERR_NOMEM, HWS_ERR_TOOBIG: nothing was appended. */
int hws_policy_say_put(const struct hws_policy_say_line *say, struct hws_buf *out) HWS_MUST_CHECK;
int hws_policy_answer_put(const struct hws_policy_answer *a, struct hws_buf *out) HWS_MUST_CHECK;
