/* import/row: the one form into which every source is brought: a row says what it is, and has a
 * text for each field, "" where there is none. Private to admin/import. */
#pragma once
#include "shared/base/err.h"

/* In this order they are taken: what others point at comes first. */
enum imp_what {
	IMP_USER_GROUP,
	IMP_USER,
	IMP_DEVICE_GROUP,
	IMP_DEVICE,
	IMP_BOOK,
	IMP_RULE,
	IMP_TAG,
	IMP_ENTRY,
	IMP_WHATS
};

enum imp_field {
	IMP_F_KEY,  /* how others of the file point at it; "" = by its name */
	IMP_F_NAME, /* of a tag, too */
	IMP_F_DISPLAY,
	IMP_F_EMAIL,
	IMP_F_NOTE,
	IMP_F_STATUS, /* "0" = disabled; anything else is in use */
	IMP_F_ADMIN,  /* "1" */
	IMP_F_GROUP,  /* of a user or device: key or name */
	IMP_F_OWNER,  /* key or name of a user */
	IMP_F_BOOK,   /* key or name; "" = the personal one of the owner */
	IMP_F_ID,
	IMP_F_UUID, /* as devices report it */
	IMP_F_UUID_HEX,
	IMP_F_HOSTNAME,
	IMP_F_USERNAME,
	IMP_F_OS,
	IMP_F_CPU,
	IMP_F_MEMORY,
	IMP_F_VERSION,
	IMP_F_ALIAS,
	IMP_F_PLATFORM,
	IMP_F_HASH,
	IMP_F_PASSWORD,
	IMP_F_FORCE_RELAY,  /* "1" */
	IMP_F_TAGS,         /* a JSON array of texts, or a list with commas */
	IMP_F_COLOR,        /* decimal, 0xAARRGGBB or #RRGGBB */
	IMP_F_PERSONAL,     /* "1" */
	IMP_F_SUBJECT_KIND, /* "user", "group", "everyone" */
	IMP_F_SUBJECT,
	IMP_F_RIGHT, /* "1" read, "2" write, "3" full */
	IMP_FIELDS
};

struct imp_row {
	const char *v[IMP_FIELDS];
};

/* A negative return ends the reading with it. */
typedef int (*imp_row_fn)(const struct imp_row *row, void *arg);

/* "user", "device-group"; never NULL. */
const char *imp_what_name(enum imp_what what);
