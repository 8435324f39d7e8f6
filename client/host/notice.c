/* What the person at the desktop is told of a viewer. The texts hold what a stranger chose, hence
 * the escaping. */
#include "client/host/notice.h"
#include "shared/base/str.h"
#include "shared/wire/session_table.h"
#include <inttypes.h>

/* Bodies may be taken for markup, and where a viewer comes from is a foreign text like any
 * other. */
static void remove_markup(char *text)
{
	for (; *text; text++)
		if (*text == '<' || *text == '>' || *text == '&')
			*text = '?';
}

void hws_notice_set(struct hws_notice *n, const char *id, const char *name, const char *from,
		const char *via)
{
	hws_str_escape(n->id, sizeof(n->id), hws_bytes_str(id));
	hws_str_escape(n->name, sizeof(n->name), hws_bytes_str(name));
	hws_str_escape(n->from, sizeof(n->from), hws_bytes_str(from));
	hws_str_escape(n->via, sizeof(n->via), hws_bytes_str(via));
	remove_markup(n->from);
}

const char *hws_notice_via(bool relay, bool direct, bool local)
{
	return relay ? "relay" : direct ? "direct" : local ? "lan" : "punched";
}

const char *hws_notice_via_udp(const struct sockaddr_storage *viewer)
{
	return viewer->ss_family == AF_INET6 ? "ipv6" : "udp";
}

static const char *via_text(const char *via)
{
	if (hws_str_equal(via, "relay"))
		return " by the relay";
	return *via ? " directly" : "";
}

void hws_notice_who(const struct hws_notice *n, char buf[HWS_NOTICE_WHO])
{
	const char *first = *n->name ? n->name : *n->id ? n->id : "Somebody";
	bool both = *n->name && *n->id;

	(void)!hws_fmt(buf, HWS_NOTICE_WHO, "%s%s%s%s", first, both ? " (" : "", both ? n->id : "",
			both ? ")" : "");
}

static const char *does_text(const struct hws_notice *n)
{
	switch (n->kind) {
	case HWS_KIND_FILE:
		return "Works with files of this computer";
	case HWS_KIND_TERMINAL:
		return "Uses terminals of this computer";
	case HWS_KIND_FORWARD:
		return "Connects through this computer";
	case HWS_KIND_CAMERA:
		return "Sees a camera of this computer";
	default:
		return n->controls ? "Sees this desktop and may use keyboard and pointer"
				   : "Sees this desktop";
	}
}

/* All that is put together fits: the parts are bounded. */
void hws_notice_texts(const struct hws_notice *n, bool here, uint64_t seconds,
		char summary[HWS_NOTICE_TEXT], char body[HWS_NOTICE_TEXT])
{
	char who[HWS_NOTICE_WHO];
	uint64_t minutes = seconds / 60;

	hws_notice_who(n, who);
	(void)!hws_fmt(summary, HWS_NOTICE_TEXT, "%s %s", who,
			here ? "is connected to this computer" : "has disconnected");
	if (here)
		(void)!hws_fmt(body, HWS_NOTICE_TEXT, "%s. From %s%s%s%s.", does_text(n), n->from,
				via_text(n->via), n->level_known ? ", " : "",
				n->level_known ? hws_secure_level_text(n->level) : "");
	else
		(void)!hws_fmt(body, HWS_NOTICE_TEXT, "Was connected for %" PRIu64 " %s.",
				minutes ? minutes : seconds, minutes ? "min" : "s");
}
