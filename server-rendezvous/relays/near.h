/* rendezvous/relays/near: how far relays are from networks, as the relays measured it on sessions
 * they carried. Networks are /24 (IPv4) and /48 (IPv6). Bounded, the longest untouched makes room.
 * Any thread. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct rdv_near;
int rdv_near_new(uint32_t max, struct rdv_near **ret) HWS_MUST_CHECK;
void rdv_near_free(struct rdv_near *n);
/* One measurement; several are averaged, the newest counts most. */
void rdv_near_report(struct rdv_near *n, const char *relay, const struct sockaddr_storage *who,
		uint32_t rtt_ms, uint64_t now_us);
/* UINT32_MAX = not known. */
uint32_t rdv_near_ms(struct rdv_near *n, const char *relay, const struct sockaddr_storage *who,
		uint64_t now_us);
