/* Where the host listens for a viewer (ssh's -R): at addresses and ports that the setting
 * tunnel-listen names, and nowhere else. */
#include "client/services/tunnel/tunnel_host_parts.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/listener.h"
#include <unistd.h>

#define BACKLOG 64
#define CODE HWS_TUNNEL_CODE

struct tunnel_listener {
	struct hws_list node;
	struct tunnel_session *s;
	uint32_t number; /* the viewer's */
	struct hws_listener *socket;
	struct sockaddr_storage address;
	char name[HWS_TUNNEL_NAME];
};

static void free_listener(struct tunnel_listener *l)
{
	hws_listener_free(l->socket);
	hws_list_remove(&l->node);
	hws_free(l);
}

static void on_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	struct tunnel_listener *l = arg;

	hws_tunnel_conn_accepted(l->s, l->number, fd, peer);
}

/* The address that is meant; false: none. */
static bool read_address(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	if (hws_targets_is_localhost(text))
		text = "127.0.0.1";
	else if (strcmp(text, "*") == 0)
		text = "::";
	if (hws_addr_parse(text, port, ret) < 0)
		return false;
	hws_addr_set_port(ret, port);
	return true;
}

static void refuse(struct tunnel_session *s, uint32_t number, Ses__TunnelCode code,
		const char *name, const char *text)
{
	hws_tunnel_tell_refused(s, name, code, "tunnel-listen");
	hws_mux_listening(s->mux, number, code, text, "", 0);
}

static int bind_it(struct tunnel_listener *l, struct hws_error *err)
{
	char ip[HWS_ADDR_TEXT];
	struct hws_listen_conf conf = { .bind_ip = hws_addr_ip_text(&l->address, ip, sizeof(ip)),
		.port = hws_addr_port(&l->address),
		.backlog = BACKLOG,
		.on_accept = on_accept,
		.arg = l };

	if (strcmp(ip, "::") == 0)
		conf.bind_ip = NULL; /* of both families */
	return hws_listener_new(l->s->h->env.loop, &conf, &l->socket, err);
}

static void on_listen(
		struct hws_mux *m, uint32_t number, const char *address, uint16_t port, void *arg)
{
	struct tunnel_session *s = arg;
	struct tunnel_listener *l = hws_alloc(sizeof(*l));
	struct hws_error err = { 0 };
	char text[HWS_MUX_TEXT_MAX], ip[HWS_ADDR_TEXT];

	if (!l || !read_address(address, port, &l->address)) {
		refuse(s, number, CODE(FAILED), address,
				"only an address, localhost or * can be listened at");
		hws_free(l);
		return;
	}
	hws_addr_text(&l->address, l->name, sizeof(l->name));
	if (!s->h->listen || !hws_targets_allow_listen(s->h->listen, &l->address)) {
		if (hws_fmt(text, sizeof(text),
				    "this host does not listen at %s: its owner names where it may in "
				    "the setting tunnel-listen",
				    l->name) < 0)
			text[0] = 0;
		refuse(s, number, CODE(FORBIDDEN), l->name, text);
		hws_free(l);
		return;
	}
	l->s = s;
	l->number = number;
	if (bind_it(l, &err) < 0) {
		refuse(s, number, CODE(FAILED), l->name, err.text);
		hws_free(l);
		return;
	}
	hws_list_push(&s->listeners, &l->node);
	hws_addr_set_port(&l->address, hws_listener_port(l->socket));
	hws_addr_text(&l->address, l->name, sizeof(l->name));
	hws_tunnel_tell(s, "tunnel.listening", l->name, "", 0, HWS_OK);
	hws_mux_listening(m, number, CODE(OK), "", hws_addr_ip_text(&l->address, ip, sizeof(ip)),
			hws_addr_port(&l->address));
}

static void on_unlisten(struct hws_mux *m HWS_UNUSED, uint32_t number, void *arg)
{
	struct tunnel_session *s = arg;
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &s->listeners) {
		struct tunnel_listener *l = hws_container(node, struct tunnel_listener, node);

		if (l->number == number)
			free_listener(l);
	}
}

void hws_tunnel_listen_set_callbacks(struct hws_mux_conf *c)
{
	c->on_listen = on_listen;
	c->on_unlisten = on_unlisten;
}

void hws_tunnel_listen_judge_again(struct tunnel_session *s)
{
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &s->listeners) {
		struct tunnel_listener *l = hws_container(node, struct tunnel_listener, node);

		if (s->h->listen && hws_targets_allow_listen(s->h->listen, &l->address))
			continue;
		hws_mux_listening(s->mux, l->number, CODE(FORBIDDEN),
				"the owner of the host allows this listener no more", "", 0);
		free_listener(l);
	}
}
