/* wire/addr_codec: socket addresses as rendezvous messages carry them, disguised so that routers
 * which rewrite addresses in payloads do not find them. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <sys/socket.h>

#define HWS_ADDR_WIRE_MAX 18

/* IPv4 (also IPv4-mapped and -compatible, and "::") takes 0..11 bytes, IPv6 18. `t` is any number
 * (deployed peers: low half of the time in microseconds); it can be read back from the IPv4 form,
 * so a server may put a cookie there. Returns the length. An address of another family encodes to
 * 0 bytes. */
size_t hws_addr_encode(
		const struct sockaddr_storage *a, uint32_t t, uint8_t buf[HWS_ADDR_WIRE_MAX]);
/* Never fails on foreign bytes: empty gives 0.0.0.0:0, 17 or more than 18 bytes give [::]:0, as
 * deployed peers decode them. Port 0 means "no address". `ret_t` (may be NULL) gets t of the IPv4
 * form, else 0. */
void hws_addr_decode(struct hws_bytes in, struct sockaddr_storage *ret, uint32_t *ret_t);
/* As decode; true when it holds a usable address (port not 0, address not unspecified). */
bool hws_addr_decode_usable(struct hws_bytes in, struct sockaddr_storage *ret);
