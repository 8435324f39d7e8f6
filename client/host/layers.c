/* An exit status has room for the layers and a bit that no other end of a process has with them. */
#include "client/host/layers.h"
#include "client/host/spawn_gate.h"
#include "shared/base/log.h"
#include "shared/sys/sandbox.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOLD 0x40u
#define TEXT 100

void hws_layers_find(
		struct hws_layers *l, const struct hws_settings *s, struct hws_child_logs *logs)
{
	int fd;

	if (hws_spawn_gate(s, logs, "probe", 0, &l->probe, &fd) == HWS_OK)
		close(fd);
	else
		l->probe = 0;
}

bool hws_layers_reaped(struct hws_layers *l, pid_t pid, int status)
{
	char have[TEXT], lack[TEXT];

	if (!l->probe || pid != l->probe)
		return false;
	l->probe = 0;
	l->known = WIFEXITED(status) && (unsigned)WEXITSTATUS(status) & TOLD;
	if (!l->known) {
		hws_warn("sandbox.unknown", HWS_I64("status", status));
		return true;
	}
	l->gate = (unsigned)WEXITSTATUS(status) & ~TOLD;
	hws_layers_text(l, have, sizeof(have));
	hws_layers_missing(l, lack, sizeof(lack));
	if (*lack)
		hws_warn("sandbox.layers", HWS_STR("gate", have), HWS_STR("missing", lack));
	else
		hws_info("sandbox.layers", HWS_STR("gate", have));
	return true;
}

char *hws_layers_text(const struct hws_layers *l, char *buf, size_t size)
{
	if (l->known)
		return hws_sandbox_text(l->gate, buf, size);
	snprintf(buf, size, "not known");
	return buf;
}

char *hws_layers_missing(const struct hws_layers *l, char *buf, size_t size)
{
	unsigned lack = hws_sandbox_wanted(HWS_SANDBOX_GATE) & ~l->gate;

	*buf = 0;
	return l->known && lack ? hws_sandbox_text(lack, buf, size) : buf;
}

int hws_layers_probe(bool sandbox)
{
	struct hws_error err = { 0 };

	if (sandbox && hws_sandbox_enter(HWS_SANDBOX_GATE, &err) < 0)
		hws_warn("gate.no_sandbox", HWS_STR("why", err.text));
	_exit((int)(hws_sandbox_layers() | TOLD));
}

void hws_layers_enter(int role, const char *event)
{
	hws_layers_enter_beneath(role, NULL, 0, event);
}

void hws_layers_enter_beneath(
		int role, const char *const *folders, unsigned count, const char *event)
{
	struct hws_error err = { 0 };

	if (hws_sandbox_enter_beneath((enum hws_sandbox_role)role, folders, count, &err) < 0)
		hws_warn(event, HWS_STR("why", err.text));
}
