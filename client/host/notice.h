/* host/notice: what the person at the desktop is told of a viewer, as the texts of a notification.
 * Pure. */
#pragma once
#include "shared/wire/secure_level.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define HWS_NOTICE_TEXT 400
#define HWS_NOTICE_WHO 300

struct hws_notice {
	char id[132], name[132],
			from[80]; /* escaped; id and name as the viewer calls itself, may be "" */
	char via[16];             /* as hws_notice_via; "" = not known */
	enum hws_secure_level level;
	bool level_known;
	bool controls;
	unsigned kind; /* enum hws_session_kind */
};

/* By which way a viewer came, in the words of its own side: "relay", "direct" (by address), "lan"
 * or "punched". Static. */
const char *hws_notice_via(bool relay, bool direct, bool local);
/* The same for one that came by UDP: "ipv6" or "udp". Static. */
const char *hws_notice_via_udp(const struct sockaddr_storage *viewer);
/* Takes foreign texts, any bytes; what is too long is cut. */
void hws_notice_set(struct hws_notice *n, const char *id, const char *name, const char *from,
		const char *via);
/* "NAME (ID)", or what there is of it. */
void hws_notice_who(const struct hws_notice *n, char buf[HWS_NOTICE_WHO]);
/* "NAME (ID) is connected to this computer", and what it may do; `here` false: that it has gone,
 * after `seconds`. Both texts are safe to show: valid UTF-8, no control characters, no markup in
 * the body. */
void hws_notice_texts(const struct hws_notice *n, bool here, uint64_t seconds,
		char summary[HWS_NOTICE_TEXT], char body[HWS_NOTICE_TEXT]);
