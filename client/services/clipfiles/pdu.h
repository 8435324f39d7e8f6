/* clipfiles/pdu: the list of files as deployed programs send it: a count and as many descriptors of
 * 592 bytes (spec services 3.4). Pure; any thread. */
#pragma once
#include "client/mount/list.h"

#define HWS_CLIP_PDU_ENTRY 592u
#define HWS_CLIP_PDU_UNITS 259u /* of UTF-16 in a path */

/* What a peer counts its times from, in units of 100 ns. Deployed Unix programs are wrong by an
 * hour and 61 seconds in both directions, which cancels out between two of them. */
enum hws_clip_epoch { HWS_CLIP_EPOCH_TRUE, HWS_CLIP_EPOCH_DEPLOYED_UNIX };

/* Appends the list for a peer that counts so. What it cannot be told (paths that are not UTF-8, too
 * long, or would mean another path there: "\", "C:...", and what is in such folders) is left out.
 * map[i], if not NULL with room for all, is the index in `l` of the i-th descriptor. Returns how
 * many there are. */
uint32_t hws_clip_pdu_put(const struct hws_clip_list *l, enum hws_clip_epoch epoch, uint32_t *map,
		struct hws_buf *out);
/* Strict: HWS_ERR_PROTO when its length does not fit its count or a name is no UTF-16, else as
 * hws_clip_list_add, with `err` in words. "\" becomes "/"; names of drives are refused. */
int hws_clip_pdu_take(struct hws_bytes in, enum hws_clip_epoch epoch, struct hws_clip_list **ret,
		struct hws_error *err) HWS_MUST_CHECK;
