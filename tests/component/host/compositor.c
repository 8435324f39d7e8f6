/* A Wayland compositor with just enough in it for Xwayland to start without a root window of its
 * own: surfaces that nobody shows, shared memory, one screen. Prints the name of its socket, then
 * runs until it is killed. Tests of what a host does on a Wayland desktop need the real Xwayland,
 * but no desktop around it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <wayland-server.h>

static void destroy(struct wl_client *c, struct wl_resource *r)
{
	(void)c;
	wl_resource_destroy(r);
}

static void region_change(struct wl_client *c, struct wl_resource *r, int32_t x, int32_t y,
		int32_t w, int32_t h)
{
	(void)c;
	(void)r;
	(void)x;
	(void)y;
	(void)w;
	(void)h;
}

static void attach(struct wl_client *c, struct wl_resource *r, struct wl_resource *buffer,
		int32_t x, int32_t y)
{
	(void)c;
	(void)r;
	(void)buffer;
	(void)x;
	(void)y;
}

static void frame(struct wl_client *c, struct wl_resource *r, uint32_t id)
{
	struct wl_resource *callback = wl_resource_create(c, &wl_callback_interface, 1, id);

	(void)r;
	if (callback) {
		wl_callback_send_done(callback, 0);
		wl_resource_destroy(callback);
	}
}

static void set_region(struct wl_client *c, struct wl_resource *r, struct wl_resource *region)
{
	(void)c;
	(void)r;
	(void)region;
}

static void commit(struct wl_client *c, struct wl_resource *r)
{
	(void)c;
	(void)r;
}

static void set_number(struct wl_client *c, struct wl_resource *r, int32_t n)
{
	(void)c;
	(void)r;
	(void)n;
}

static const struct wl_region_interface region_impl = { destroy, region_change, region_change };

static const struct wl_surface_interface surface_impl = { .destroy = destroy,
	.attach = attach,
	.damage = region_change,
	.frame = frame,
	.set_opaque_region = set_region,
	.set_input_region = set_region,
	.commit = commit,
	.set_buffer_transform = set_number,
	.set_buffer_scale = set_number,
	.damage_buffer = region_change };

static void create_surface(struct wl_client *c, struct wl_resource *r, uint32_t id)
{
	struct wl_resource *s = wl_resource_create(
			c, &wl_surface_interface, wl_resource_get_version(r), id);

	if (s)
		wl_resource_set_implementation(s, &surface_impl, NULL, NULL);
}

static void create_region(struct wl_client *c, struct wl_resource *r, uint32_t id)
{
	struct wl_resource *s = wl_resource_create(c, &wl_region_interface, 1, id);

	(void)r;
	if (s)
		wl_resource_set_implementation(s, &region_impl, NULL, NULL);
}

static const struct wl_compositor_interface compositor_impl = { create_surface, create_region };

static void bind_compositor(struct wl_client *c, void *data, uint32_t version, uint32_t id)
{
	struct wl_resource *r = wl_resource_create(c, &wl_compositor_interface, (int)version, id);

	(void)data;
	if (r)
		wl_resource_set_implementation(r, &compositor_impl, NULL, NULL);
}

static void bind_output(struct wl_client *c, void *data, uint32_t version, uint32_t id)
{
	struct wl_resource *r = wl_resource_create(c, &wl_output_interface, (int)version, id);

	(void)data;
	if (!r)
		return;
	wl_output_send_geometry(r, 0, 0, 300, 200, 0, "hawser", "test", 0);
	wl_output_send_mode(r, WL_OUTPUT_MODE_CURRENT, 640, 480, 60000);
	wl_output_send_scale(r, 1);
	wl_output_send_done(r);
}

int main(void)
{
	struct wl_display *d = wl_display_create();
	const char *name = d ? wl_display_add_socket_auto(d) : NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!name || wl_display_init_shm(d) < 0 ||
			!wl_global_create(d, &wl_compositor_interface, 4, NULL, bind_compositor) ||
			!wl_global_create(d, &wl_output_interface, 2, NULL, bind_output)) {
		fputs("compositor: no socket (XDG_RUNTIME_DIR)\n", stderr);
		return 1;
	}
	printf("socket %s\n", name);
	fflush(stdout);
	wl_display_run(d);
	wl_display_destroy(d);
	return 0;
}
