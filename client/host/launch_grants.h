/* host/launch_grants: the accounts of the machine that the launcher may start shells for, besides
 * the one of the settings: those whose password it has had checked itself, for a while. What hostd
 * says of a check counts for nothing. Bounded; pure, time in. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define HWS_LAUNCH_GRANTS_MAX 32u
#define HWS_LAUNCH_ACCOUNT_MAX 256u
/* As long as a viewer may come back without a password (host/resume), and somewhat more. A shell
 * that runs keeps it, but no check holds for longer than a day. */
#define HWS_LAUNCH_GRANT_US (720ull * 1000000)
#define HWS_LAUNCH_GRANT_MOST_US (86400ull * 1000000)

struct hws_launch_grants {
	struct hws_launch_grant {
		char account[HWS_LAUNCH_ACCOUNT_MAX + 1]; /* "": the place is free */
		uint64_t checked_us, until_us;
	} item[HWS_LAUNCH_GRANTS_MAX];
};

/* Its password was right. The one that ends first gives way when all places are taken. */
void hws_launch_grants_add(struct hws_launch_grants *g, const char *account, uint64_t now_us);
bool hws_launch_grants_has(const struct hws_launch_grants *g, const char *account, uint64_t now_us);
/* Something runs by it, or did until now. */
void hws_launch_grants_use(struct hws_launch_grants *g, const char *account, uint64_t now_us);
