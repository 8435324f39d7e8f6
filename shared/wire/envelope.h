/* wire/envelope: packs and unpacks the two top-level messages under caps.
 * Unpacking takes all memory of a message from one arena whose size is limited by the input's
 * length (limits.h), so neither repeated fields nor unknown ones can blow up; list lengths are
 * counted and strings must be UTF-8. What is unpacked is freed with the matching _free, as one
 * piece; never with the generated functions, and nothing of it may be replaced by other heap
 * memory.
 *
 * Packing notes (protobuf-c): a oneof member is written when `union_case` says so, also if 0 or
 * empty, but a string member must then not be NULL (use (char *)"" of your own, not
 * protobuf_c_empty_string). */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "proto/session.pb-c.h"
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"

/* HWS_ERR_PROTO: does not parse; HWS_ERR_TOOBIG: needs more memory or holds longer lists than
 * limits.h allows; HWS_ERR_NOMEM. An empty input is an empty message (union_case 0). The caller
 * has checked in.len against the link's frame cap. */
int hws_rdv_unpack(struct hws_bytes in, Rdv__RendezvousMessage **ret) HWS_MUST_CHECK;
void hws_rdv_free(Rdv__RendezvousMessage *m); /* takes NULL */
/* Appends; HWS_ERR_NOMEM or HWS_ERR_TOOBIG (also sticky in `out`), then nothing is appended. */
int hws_rdv_pack(const Rdv__RendezvousMessage *m, struct hws_buf *out) HWS_MUST_CHECK;

int hws_ses_unpack(struct hws_bytes in, Ses__Message **ret) HWS_MUST_CHECK;
void hws_ses_free(Ses__Message *m); /* takes NULL */
int hws_ses_pack(const Ses__Message *m, struct hws_buf *out) HWS_MUST_CHECK;

/* Any other generated message (agent protocol, signed contents), same rules; `list_max` caps each
 * list. */
int hws_msg_unpack(const ProtobufCMessageDescriptor *desc, struct hws_bytes in, size_t list_max,
		ProtobufCMessage **ret) HWS_MUST_CHECK;
void hws_msg_free(ProtobufCMessage *m);
int hws_msg_pack(const ProtobufCMessage *m, struct hws_buf *out) HWS_MUST_CHECK;
