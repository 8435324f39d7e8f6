/* rendezvous/store/devices: the registered devices: who has which id, with which key. An enrolment
 * is a device that an operator entered and that has not come yet; an id change is a write like
 * others, so that it happens in the order in which it was asked for. */
#pragma once
#include "server-rendezvous/store/store.h"
#include "shared/wire/limits.h"

#define RDV_ID_MAX HWS_ID_MAX     /* bytes of an id, without NUL */
#define RDV_UUID_MAX HWS_UUID_MAX /* bytes of a machine id; any bytes, not only text */
#define RDV_PK_LEN 32
#define RDV_IP_TEXT 46
#define RDV_WRITES_MAX 10000u /* of one batch */
#define RDV_LIST_MAX 1000u

/* One registered device: what hbbs keeps in its table `peer`, without the row id, and `proves`. */
struct rdv_peer_row {
	char id[RDV_ID_MAX + 1]; /* UTF-8, unique */
	uint8_t uuid[RDV_UUID_MAX];
	uint8_t uuid_len; /* 0 = not known yet: the next registration fills it */
	uint8_t pk[RDV_PK_LEN];
	bool has_pk;
	bool proves;          /* it proved with its key who it is */
	char ip[RDV_IP_TEXT]; /* last registering address as text, IPv4 plain ("" = not known) */
	uint64_t created_s;   /* Unix time; set by the store on insert when 0 */
	uint64_t seen_s;      /* Unix time of the last registration that was written */
};

enum rdv_write_kind {
	/* Upsert by id. A row of that id with another non-empty uuid is left alone, and one that
	 * proves when the write does not: result HWS_ERR_EXISTS. With `force` it is replaced; with
	 * `keep` any row that is there is left alone (HWS_ERR_EXISTS). created_s of an existing row
	 * stays. */
	RDV_WRITE_PEER,
	/* row.id = the new id, old_id = the present one, row.uuid must equal the stored one
	 * (HWS_ERR_DENIED). HWS_ERR_EXISTS: the new id is taken; HWS_ERR_NOTFOUND: no such old id
	 * (but HWS_OK when the new id already has this uuid and the old one is gone: done
	 * before). */
	RDV_WRITE_RENAME,
	RDV_WRITE_DELETE /* row.id; HWS_OK when there is none */
};

struct rdv_write {
	enum rdv_write_kind kind;
	bool force, keep;
	struct rdv_peer_row row;
	char old_id[RDV_ID_MAX + 1];
	int result; /* set by the store before done: HWS_OK or what stands above */
};

/* On the STORE'S thread, many times; rows borrow until return. */
typedef void (*rdv_load_fn)(const struct rdv_peer_row *rows, size_t n, void *arg);
/* row is NULL unless r is HWS_OK; HWS_ERR_NOTFOUND when there is none. */
typedef void (*rdv_get_fn)(int r, const struct rdv_peer_row *row, void *arg);
typedef void (*rdv_list_fn)(int r, const struct rdv_peer_row *rows, size_t n, void *arg);

struct rdv_devices_ops {
	/* Streams all devices, fast (a million rows in a few seconds), without holding up
	 * writes. */
	int (*load)(struct rdv_store *s, rdv_load_fn batch, rdv_done_fn done, void *arg);
	/* One transaction, durable when done is called with HWS_OK (w[i].result tells each row's
	 * own fate); on failure nothing of it was written. `w` stays the caller's and must live
	 * until done. n <= RDV_WRITES_MAX. */
	int (*write)(struct rdv_store *s, struct rdv_write *w, size_t n, rdv_done_fn done,
			void *arg);
	int (*get)(struct rdv_store *s, const char *id, rdv_get_fn done, void *arg);
	/* In order of id, those after `after` ("" = from the start), at most limit
	 * (<= RDV_LIST_MAX). */
	int (*list)(struct rdv_store *s, const char *after, unsigned limit, rdv_list_fn done,
			void *arg);
};
