/* A desktop's notification service for tests: owns org.freedesktop.Notifications on the bus of the
 * environment and prints what it is asked for, a line each. An argument "slow" lets it answer half
 * a second late. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

static uint32_t last_id;
static unsigned late_us;

/* Of all hints only one is looked at. */
static int read_hints(sd_bus_message *m, int *ret_transient)
{
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		const char *name;

		r = sd_bus_message_read(m, "s", &name);
		if (r >= 0 && !strcmp(name, "transient"))
			r = sd_bus_message_read(m, "v", "b", ret_transient);
		else if (r >= 0)
			r = sd_bus_message_skip(m, "v");
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int on_notify(sd_bus_message *m, void *arg, sd_bus_error *err)
{
	const char *app, *icon, *summary, *body;
	uint32_t replaces;
	int32_t timeout;
	int transient = 0;
	int r = sd_bus_message_read(m, "susss", &app, &replaces, &icon, &summary, &body);

	(void)arg;
	(void)err;
	if (r >= 0)
		r = sd_bus_message_skip(m, "as");
	if (r >= 0)
		r = read_hints(m, &transient);
	if (r >= 0)
		r = sd_bus_message_read(m, "i", &timeout);
	if (r < 0)
		return r;
	usleep(late_us);
	if (!replaces)
		replaces = ++last_id;
	printf("shown id=%" PRIu32 " timeout=%" PRId32 " transient=%d app=%s [%s] [%s]\n", replaces,
			timeout, transient, app, summary, body);
	return sd_bus_reply_method_return(m, "u", replaces);
}

static int on_close(sd_bus_message *m, void *arg, sd_bus_error *err)
{
	uint32_t id;
	int r = sd_bus_message_read(m, "u", &id);

	(void)arg;
	(void)err;
	if (r < 0)
		return r;
	printf("closed id=%" PRIu32 "\n", id);
	return sd_bus_reply_method_return(m, "");
}

static const sd_bus_vtable table[] = { SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Notify", "susssasa{sv}i", "u", on_notify, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("CloseNotification", "u", "", on_close, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END };

int main(int argc, char **argv)
{
	sd_bus *bus = NULL;
	int r = sd_bus_open_user(&bus);

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "slow"))
		late_us = 500000;
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/Notifications",
				"org.freedesktop.Notifications", table, NULL);
	if (r >= 0)
		r = sd_bus_request_name(bus, "org.freedesktop.Notifications", 0);
	if (r >= 0)
		printf("serving\n");
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	fprintf(stderr, "notification_server: %s\n", strerror(-r));
	return 1;
}
