/* Anonymous files in memory. Their seals are the point: a file that its other owner cut short would
 * end whoever reads it (SIGBUS). */
#include "shared/sys/shared_memory.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

struct hws_shared_memory {
	void *bytes;
	size_t n;
};

int hws_shared_memory_map(int fd, size_t n, bool writable, struct hws_shared_memory **ret)
{
	struct hws_shared_memory *m = hws_alloc(sizeof(*m));

	if (!m)
		return HWS_ERR_NOMEM;
	m->n = n;
	m->bytes = mmap(NULL, n, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	if (m->bytes == MAP_FAILED) {
		hws_free(m);
		return hws_err_from_errno(errno);
	}
	*ret = m;
	return HWS_OK;
}

int hws_shared_memory_new(size_t n, struct hws_shared_memory **ret, int *ret_fd)
{
	struct rlimit files;

	/* It counts as a file, and going over the limit would be a signal. */
	if (getrlimit(RLIMIT_FSIZE, &files) == 0 && n > files.rlim_cur)
		return HWS_ERR_TOOBIG;
	int fd = memfd_create("hawser-picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return hws_err_from_errno(errno);
	if (ftruncate(fd, (off_t)n) < 0 ||
			fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		r = hws_err_from_errno(errno);
	else
		r = hws_shared_memory_map(fd, n, false, ret);
	if (r < 0)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

void *hws_shared_memory_bytes(const struct hws_shared_memory *m)
{
	return m->bytes;
}

void hws_shared_memory_free(void *p)
{
	struct hws_shared_memory *m = p;

	if (!m)
		return;
	munmap(m->bytes, m->n);
	hws_free(m);
}
