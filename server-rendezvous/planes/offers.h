/* rendezvous/planes/offers: what a list of ways to an end comes to. Pure. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include <stddef.h>
#include <stdint.h>

/* As RDV_OFFER_ of state/attempts; the kinds alone are looked at. */
uint8_t rdv_offers_of_list(Rdv__Candidate *const *list, size_t n);
