/* net/kcp_keys: the tags of datagrams get their key from that of the session. */
#pragma once
#include "shared/net/stream.h"
#include <stdint.h>

/* The two keys of a session, one for each direction, in any order: from now on the datagrams below
 * `s` carry a tag. Nothing where `s` is no stream by UDP, or the peer cannot. */
void hws_kcp_take_keys(
		struct hws_stream *s, const uint8_t one_secret[32], const uint8_t other_secret[32]);
