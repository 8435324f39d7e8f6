/* files/listing: lists of folders as the protocol has them, read under bounds and packed, ready
 * to be sent. Blocking: for workers. */
#pragma once
#include "client/services/files/roots.h"
#include "proto/session.pb-c.h"
#include "shared/base/buf.h"
#include <stdint.h>

/* Entries of a list, folders that are walked, and how deep. */
#define HWS_LISTING_MAX (1u << 20)
#define HWS_LISTING_DEPTH 128u

struct hws_listing_entry {
	char *name; /* local bytes; relative to the folder that was asked for */
	uint64_t size, modified;
	uint32_t modified_ns;
	uint64_t allocated; /* on the disk; 0: as much as its size */
	uint16_t mode;      /* 0777; 0: not known */
	uint8_t type;       /* Ses__FileType */
	bool hidden;
};

/* What could not be read: so many of them are named. */
#define HWS_UNREAD_MAX 64u

struct hws_unread {
	char *name; /* local bytes; as in an entry */
	int err;
};

struct hws_listing {
	struct hws_listing_entry *entry;
	size_t count, room;
	uint64_t bytes;            /* of all files */
	size_t max;                /* of entries; 0 = HWS_LISTING_MAX */
	size_t skipped;            /* folders and entries that could not be read */
	struct hws_unread *unread; /* the first of them */
	size_t unread_count;
};

void hws_listing_done(struct hws_listing *l);
/* One more that could not be read. */
void hws_listing_unread(struct hws_listing *l, const char *name, int err);
/* The entries of the folder `dir` (borrowed), not sorted. HWS_ERR_TOOBIG: more than `max`. */
int hws_listing_read(struct hws_listing *l, int dir, bool hidden) HWS_MUST_CHECK;
/* All regular files at any depth, in order of names; links are neither listed nor followed. */
int hws_listing_walk(struct hws_listing *l, const struct hws_roots *roots, int dir,
		bool hidden) HWS_MUST_CHECK;
/* The folders without any entry (after the filter); "" is `dir` itself. */
int hws_listing_empty(struct hws_listing *l, const struct hws_roots *roots, int dir,
		bool hidden) HWS_MUST_CHECK;
/* For a file that is a job of its own: the one entry without a name. */
int hws_listing_add(struct hws_listing *l, const char *name, uint8_t type,
		const struct stat *st) HWS_MUST_CHECK;

/* Entries from `from` on as a serialised ses.Message with FileResponse.dir, as many as fit into
 * `max` bytes; *ret_next is the first that did not. `extended`: with what hawser adds. `path` is in
 * local bytes. */
int hws_listing_pack(const struct hws_listing *l, size_t from, size_t max, int32_t id,
		int32_t request, const char *path, bool extended, struct hws_buf *out,
		size_t *ret_next) HWS_MUST_CHECK;
/* The entries of one part as protobuf-c has them, for a message that is packed elsewhere. `ret` is
 * freed with hws_listing_entries_free and the same number of entries. */
int hws_listing_entries(const struct hws_listing *l, size_t from, size_t to, bool extended,
		Ses__FileEntry ***ret) HWS_MUST_CHECK;
void hws_listing_entries_free(Ses__FileEntry **list, size_t n);
