/* The server and its cameras. Its events are taken on our loop: PipeWire's own loop is a descriptor
 * that becomes readable. What is found out comes in answers; a question without content (sync) that
 * is answered says that all before it was. */
#include "client/platform/pipewire/camera_parts.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

static struct hws_pipewire_camera *self_of(struct hws_camera *c)
{
	return hws_container(c, struct hws_pipewire_camera, base);
}

/* --- what is told, in turns of its own --- */

static void take_list(struct hws_pipewire_camera *c)
{
	c->count = 0;
	for (unsigned i = 0; i < HWS_COUNT(c->node); i++)
		if (c->node[i].used && c->node[i].listed)
			c->list[c->count++] = c->node[i].device;
}

static void on_news(void *arg)
{
	struct hws_pipewire_camera *c = arg;

	if (c->gone) {
		char why[sizeof(c->why)];

		memcpy(why, c->why, sizeof(why));
		c->conf.on_lost(why, c->conf.arg); /* may free it */
		return;
	}
	take_list(c);
	c->changed = false;
	if (!c->ready) {
		c->ready = true;
		c->conf.on_ready(c->conf.arg);
	} else if (c->base.ev.on_devices) {
		c->base.ev.on_devices(c->base.ev.arg);
	}
}

static void tell_soon(struct hws_pipewire_camera *c)
{
	hws_loop_defer(c->loop, &c->news, on_news, c);
}

static void ask(struct hws_pipewire_camera *c)
{
	c->sync = pw_core_sync(c->core, PW_ID_CORE, c->sync);
}

/* --- cameras come and go --- */

static void on_node_param(void *arg, int seq HWS_UNUSED, uint32_t id, uint32_t index HWS_UNUSED,
		uint32_t next HWS_UNUSED, const struct spa_pod *param)
{
	struct pipewire_node *n = arg;

	if (id == SPA_PARAM_EnumFormat && param && !n->listed)
		pipewire_add_modes(&n->device, param);
}

static const struct pw_node_events node_events = { PW_VERSION_NODE_EVENTS, .param = on_node_param };

static void drop_node(struct pipewire_node *n)
{
	if (!n->used)
		return;
	spa_hook_remove(&n->listener);
	pw_proxy_destroy(n->proxy);
	*n = (struct pipewire_node){ .c = n->c };
}

static void on_global(void *arg, uint32_t id, uint32_t permissions HWS_UNUSED, const char *type,
		uint32_t version HWS_UNUSED, const struct spa_dict *props)
{
	struct hws_pipewire_camera *c = arg;
	const char *class = props ? spa_dict_lookup(props, PW_KEY_MEDIA_CLASS) : NULL;
	const char *name = props ? spa_dict_lookup(props, PW_KEY_NODE_NAME) : NULL;
	const char *text = props ? spa_dict_lookup(props, PW_KEY_NODE_DESCRIPTION) : NULL;
	struct pipewire_node *n = c->node;

	if (!hws_str_equal(type, PW_TYPE_INTERFACE_Node) || !class || !name ||
			!hws_str_equal(class, "Video/Source"))
		return;
	while (n < c->node + HWS_COUNT(c->node) && n->used)
		n++;
	if (n == c->node + HWS_COUNT(c->node) ||
			hws_str_copy(n->device.id, sizeof(n->device.id), name) < 0)
		return; /* there is no place for it, or its name is none */
	hws_str_escape(n->device.name, sizeof(n->device.name),
			hws_bytes_str(text && *text ? text : name));
	n->proxy = pw_registry_bind(c->registry, id, type, PW_VERSION_NODE, 0);
	if (!n->proxy)
		return;
	n->used = true;
	n->id = id;
	pw_proxy_add_object_listener(n->proxy, &n->listener, &node_events, n);
	pw_node_enum_params(
			(struct pw_node *)n->proxy, 0, SPA_PARAM_EnumFormat, 0, UINT32_MAX, NULL);
	ask(c);
}

static void on_global_remove(void *arg, uint32_t id)
{
	struct hws_pipewire_camera *c = arg;

	for (unsigned i = 0; i < HWS_COUNT(c->node); i++)
		if (c->node[i].used && c->node[i].id == id) {
			drop_node(&c->node[i]);
			c->changed = true;
			ask(c);
		}
}

static const struct pw_registry_events registry_events = { PW_VERSION_REGISTRY_EVENTS,
	.global = on_global, .global_remove = on_global_remove };

/* --- the server --- */

/* The first answer says that all cameras are known by name, the second that all have told what they
 * can. */
static void on_done(void *arg, uint32_t id, int seq)
{
	struct hws_pipewire_camera *c = arg;

	if (id != PW_ID_CORE || seq != c->sync)
		return;
	if (c->answers++ == 0) {
		ask(c);
		return;
	}
	for (unsigned i = 0; i < HWS_COUNT(c->node); i++) {
		struct pipewire_node *n = &c->node[i];

		if (!n->used || n->listed || !n->device.modes)
			continue;
		hws_camera_sort_modes(&n->device);
		n->listed = c->changed = true;
	}
	if (!c->ready || c->changed)
		tell_soon(c);
}

static void lose(struct hws_pipewire_camera *c, const char *why)
{
	if (c->gone)
		return;
	c->gone = true;
	event_del(&c->readable);
	snprintf(c->why, sizeof(c->why), "the PipeWire server of this account has gone (%s)", why);
	tell_soon(c);
}

static void on_error(void *arg, uint32_t id, int seq HWS_UNUSED, int res, const char *message)
{
	struct hws_pipewire_camera *c = arg;
	char text[100];

	hws_str_escape(text, sizeof(text), hws_bytes_str(message ? message : ""));
	if (id == PW_ID_CORE && res == -EPIPE)
		lose(c, text);
	else
		hws_warn_limited("pipewire.error", HWS_STR("why", text));
}

static const struct pw_core_events core_events = { PW_VERSION_CORE_EVENTS, .done = on_done,
	.error = on_error };

static void on_readable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct hws_pipewire_camera *c = arg;

	pw_loop_enter(c->pw);
	int r = pw_loop_iterate(c->pw, 0);
	pw_loop_leave(c->pw);
	if (r < 0 && r != -EINTR)
		lose(c, strerror(-r));
}

/* --- life --- */

static const struct hws_camera_device *devices(struct hws_camera *base, unsigned *ret_count)
{
	struct hws_pipewire_camera *c = self_of(base);

	*ret_count = c->count;
	return c->list;
}

static const struct hws_camera_impl impl = { devices, pipewire_stream_open, pipewire_stream_close };

/* How the library says that nothing listens at its socket, or that there is none. */
static bool no_server(int cause)
{
	return cause == EHOSTDOWN || cause == ECONNREFUSED || cause == ENOENT;
}

static int connect_server(struct hws_pipewire_camera *c, struct hws_error *err)
{
	pw_init(NULL, NULL);
	c->pw = pw_loop_new(NULL);
	c->context = c->pw ? pw_context_new(c->pw, NULL, 0) : NULL;
	if (!c->context)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED, "PipeWire cannot be used here: %s",
				strerror(errno));
	c->core = pw_context_connect(c->context, NULL, 0);
	if (!c->core)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"PipeWire of the desktop's account: %s",
				no_server(errno) ? "not running" : strerror(errno));
	pw_core_add_listener(c->core, &c->core_listener, &core_events, c);
	c->registry = pw_core_get_registry(c->core, PW_VERSION_REGISTRY, 0);
	if (!c->registry)
		return HWS_ERR_NOMEM;
	pw_registry_add_listener(c->registry, &c->registry_listener, &registry_events, c);
	ask(c);
	if (event_assign(&c->readable, hws_loop_base(c->loop), pw_loop_get_fd(c->pw),
			    EV_READ | EV_PERSIST, on_readable, c) < 0 ||
			event_add(&c->readable, NULL) < 0)
		return HWS_ERR_NOMEM;
	return HWS_OK;
}

int hws_pipewire_camera_new(struct hws_loop *loop, const struct hws_pipewire_camera_conf *conf,
		struct hws_camera **ret, struct hws_error *err)
{
	struct hws_pipewire_camera *c = hws_alloc(sizeof(*c));

	if (!c)
		return HWS_ERR_NOMEM;
	c->base.impl = &impl;
	c->conf = *conf;
	c->loop = loop;
	for (unsigned i = 0; i < HWS_COUNT(c->node); i++)
		c->node[i].c = c;
	int r = connect_server(c, err);
	if (r < 0) {
		hws_pipewire_camera_free(&c->base);
		return r;
	}
	*ret = &c->base;
	return HWS_OK;
}

void hws_pipewire_camera_free(struct hws_camera *base)
{
	struct hws_pipewire_camera *c;

	if (!base)
		return;
	c = self_of(base);
	if (c->readable.ev_base)
		event_del(&c->readable);
	hws_loop_defer_cancel(&c->news);
	for (unsigned i = 0; i < HWS_COUNT(c->node); i++)
		drop_node(&c->node[i]);
	if (c->registry)
		pw_proxy_destroy((struct pw_proxy *)c->registry);
	if (c->core)
		pw_core_disconnect(c->core);
	if (c->context)
		pw_context_destroy(c->context);
	if (c->pw)
		pw_loop_destroy(c->pw);
	hws_free(c);
}
