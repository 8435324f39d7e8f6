/* crypto/switch_proof: what a viewer shows to be let in by the number of a switch of sides, over a
 * line of hawser v2: the number with the line in it, so that nobody else can use it. */
#pragma once
#include <stdint.h>

#define HWS_SWITCH_PROOF_LEN 16

void hws_switch_proof(const uint8_t number[16], const uint8_t binding[32],
		uint8_t ret[HWS_SWITCH_PROOF_LEN]);
