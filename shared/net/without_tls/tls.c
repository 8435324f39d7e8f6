/* What stands for net/tls, tls_client, tls_session and tls_expiry in a build without TLS: who
 * asks for it is told what to do instead. Nothing of theirs can come into being, so the calls
 * on one are never made. */
#include "shared/net/tls.h"
#include "shared/net/tls_client.h"
#include "shared/net/tls_expiry.h"
#include "shared/net/tls_session.h"

static int refuse(struct hws_error *err)
{
	return hws_error_set(err, HWS_ERR_UNSUPPORTED,
			"this program was built without TLS: let a proxy that has it stand before the "
			"WebSocket port (docs/operate-proxies.md), or use a build with it");
}

int hws_tls_server_new(const char *cert_file, const char *key_file, struct hws_tls_server **ret,
		struct hws_error *err)
{
	(void)cert_file;
	(void)key_file;
	*ret = NULL;
	return refuse(err);
}

void hws_tls_server_replace(struct hws_tls_server *t, struct hws_tls_server *fresh)
{
	(void)t;
	(void)fresh;
}

int64_t hws_tls_server_ends(struct hws_tls_server *t)
{
	(void)t;
	return 0;
}

void hws_tls_server_free(struct hws_tls_server *t)
{
	(void)t;
}

int hws_stream_tls_server_new(struct hws_loop *loop, struct hws_tls_server *server, int fd,
		struct hws_stream **ret)
{
	(void)loop;
	(void)server;
	(void)fd;
	*ret = NULL;
	return HWS_ERR_UNSUPPORTED;
}

int hws_tls_client_new(bool all_now, struct hws_tls_client **ret, struct hws_error *err)
{
	(void)all_now;
	*ret = NULL;
	return refuse(err);
}

void hws_tls_client_free(struct hws_tls_client *t)
{
	(void)t;
}

int hws_stream_tls_client_new(struct hws_loop *loop, struct hws_tls_client *t, int fd,
		const char *host, struct hws_stream **ret)
{
	(void)loop;
	(void)t;
	(void)fd;
	(void)host;
	*ret = NULL;
	return HWS_ERR_UNSUPPORTED;
}

int hws_tls_expires(const char *cert_file, int64_t *ret)
{
	(void)cert_file;
	(void)ret;
	return HWS_ERR_UNSUPPORTED;
}

int hws_tls_session_new(struct hws_tls_server *t, int fd, struct hws_tls_session **ret)
{
	(void)t;
	(void)fd;
	*ret = NULL;
	return HWS_ERR_UNSUPPORTED;
}

void hws_tls_session_free(struct hws_tls_session *s)
{
	(void)s;
}

ssize_t hws_tls_session_read(struct hws_tls_session *s, void *buf, size_t len)
{
	(void)s;
	(void)buf;
	(void)len;
	return HWS_ERR_UNSUPPORTED;
}

ssize_t hws_tls_session_write(struct hws_tls_session *s, struct hws_bytes data)
{
	(void)s;
	(void)data;
	return HWS_ERR_UNSUPPORTED;
}

void hws_tls_session_shutdown(struct hws_tls_session *s)
{
	(void)s;
}
