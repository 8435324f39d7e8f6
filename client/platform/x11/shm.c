/* System V shared memory, since that is what every X server takes: it is marked for removal as soon
 * as both sides have it, so that nothing stays behind whoever dies. */
#include "client/platform/x11/shm.h"
#include "shared/base/log.h"
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

void x11_shm_free(struct x11_desktop *d, struct x11_shm *s)
{
	if (s->data) {
		if (!d->lost)
			xcb_shm_detach(d->conn, s->id);
		shmdt(s->data);
	}
	*s = (struct x11_shm){ 0 };
}

void x11_shm_new(struct x11_desktop *d, size_t size, struct x11_shm *s)
{
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);

	if (id < 0)
		return;
	void *data = shmat(id, NULL, 0);
	if (data == (void *)-1) {
		shmctl(id, IPC_RMID, NULL);
		return;
	}
	s->id = xcb_generate_id(d->conn);
	xcb_generic_error_t *e = xcb_request_check(
			d->conn, xcb_shm_attach_checked(d->conn, s->id, (uint32_t)id, 0));
	shmctl(id, IPC_RMID, NULL); /* it lives until both sides have let go */
	if (e) {
		hws_debug("x11.shm_refused", HWS_U64("code", e->error_code));
		free(e);
		shmdt(data);
		d->has_shm = false;
		return;
	}
	s->data = data;
	s->size = size;
}
