/* x11/shm: memory that the X server writes pictures to. Private to this folder. */
#pragma once
#include "client/platform/x11/desktop.h"

struct x11_shm {
	xcb_shm_seg_t id;
	uint8_t *data; /* NULL: there is none */
	size_t size;
};

/* Without it pictures travel over the socket, which is slow but works everywhere: on failure
 * s->data stays NULL. Waits for the server (one round trip). */
void x11_shm_new(struct x11_desktop *d, size_t size, struct x11_shm *s);
/* Takes one that is none. */
void x11_shm_free(struct x11_desktop *d, struct x11_shm *s);
