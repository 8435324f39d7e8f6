/* services/video_cost: the time that the pictures of one viewer take on their way, step by step, as
 * the host measured it: means of the last second in which there were pictures. */
#pragma once
#include <stdint.h>

struct hws_video_cost {
	uint32_t pictures; /* of that second; 0 = nothing measured */
	uint32_t capture_us, convert_us, encode_us;
	uint32_t send_us;    /* from the encoder to the viewer, but for the way itself: queues, and
				how long it takes to pass */
	uint32_t network_us; /* half of the shortest round trip */
};
