/* identity/ldap_deadline: a layer between TLS and the socket, which waits for the socket itself,
 * and no longer than is left. */
#include "admin/identity/ldap_deadline.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"

#include <errno.h>
#include <lber.h>
#include <poll.h>

/* Between the library's own layers: the socket (10) and TLS (20). */
#define LEVEL (LBER_SBIOD_LEVEL_PROVIDER + 5)

/* False: the time is up, and errno says so. */
static bool wait_for(Sockbuf_IO_Desc *io, short what)
{
	const struct idn_ldap_deadline *d = io->sbiod_pvt;
	struct pollfd p = { .fd = -1, .events = what };
	int r;

	(void)ber_sockbuf_ctrl(io->sbiod_sb, LBER_SB_OPT_GET_FD, &p.fd);
	do {
		uint64_t now = hws_clock_us();

		r = 0;
		if (now < d->at_us)
			r = poll(&p, 1, (int)HWS_MIN((d->at_us - now) / 1000 + 1, 60000u));
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		errno = ETIMEDOUT;
	return r > 0;
}

static int io_setup(Sockbuf_IO_Desc *io, void *arg)
{
	io->sbiod_pvt = arg;
	return 0;
}

static int io_end(Sockbuf_IO_Desc *io)
{
	(void)io;
	return 0;
}

static int io_ctrl(Sockbuf_IO_Desc *io, int opt, void *arg)
{
	return LBER_SBIOD_CTRL_NEXT(io, opt, arg);
}

static ber_slen_t io_read(Sockbuf_IO_Desc *io, void *buf, ber_len_t len)
{
	return wait_for(io, POLLIN) ? LBER_SBIOD_READ_NEXT(io, buf, len) : -1;
}

static ber_slen_t io_write(Sockbuf_IO_Desc *io, void *buf, ber_len_t len)
{
	return wait_for(io, POLLOUT) ? LBER_SBIOD_WRITE_NEXT(io, buf, len) : -1;
}

static Sockbuf_IO layer = { io_setup, io_end, io_ctrl, io_read, io_write, io_end };

static int on_connected(LDAP *ld, Sockbuf *sb, LDAPURLDesc *server, struct sockaddr *to,
		struct ldap_conncb *hook)
{
	(void)ld;
	(void)server;
	(void)to;
	return ber_sockbuf_add_io(sb, &layer, LEVEL, hook);
}

static void on_ended(LDAP *ld, Sockbuf *sb, struct ldap_conncb *hook)
{
	(void)ld;
	(void)sb;
	(void)hook;
}

bool idn_ldap_deadline(LDAP *ld, struct idn_ldap_deadline *d, uint64_t after_us)
{
	d->hook = (ldap_conncb){ .lc_add = on_connected, .lc_del = on_ended };
	d->at_us = hws_clock_us() + after_us;
	return ldap_set_option(ld, LDAP_OPT_CONNECT_CB, &d->hook) == LDAP_OPT_SUCCESS;
}
