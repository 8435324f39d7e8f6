/* rendezvous/state/granted: what the policy says goes with a connection that it allowed. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define RDV_REF_TEXT 65 /* with NUL */

struct rdv_granted {
	bool feedback;          /* the viewer is to keep a link while its session lasts */
	uint64_t permissions;   /* for the host, two bits each; 0: as its owner has set them */
	char ref[RDV_REF_TEXT]; /* for the host's reports: whose connection it is; "" = nobody's */
};
