/* wire/candidates: what the ends of a connection tell each other of the ways to them, by way of the
 * server (Candidate in proto/rendezvous.proto). */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include <stddef.h>

#define HWS_CANDIDATES_MAX 8u

/* Of a list that was received, what may be used or passed on: puts the first HWS_CANDIDATES_MAX
 * whose address has a length that addresses have to the front, without what this version does not
 * know of them. Returns how many; `list` may be NULL when n is 0. */
size_t hws_candidates_keep(Rdv__Candidate **list, size_t n);
