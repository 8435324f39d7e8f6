/* admin/data/keys: what must not be read by who has only the database: the key for sealed columns
 * (*_enc) and that of the audit chain, from a file outside of it; and tokens, of which only the
 * hash is kept. */
#pragma once
#include "admin/data/dat.h"
#include "shared/base/bytes.h"

struct dat_keys;

/* Reads the file, or makes it (0600) with new keys. All nodes on one database need the same
 * file. */
int dat_keys_open(const char *path, struct dat_keys **ret, struct hws_error *err) HWS_MUST_CHECK;
void dat_keys_free(struct dat_keys *keys);

/* Where a sealed text stands: it opens nowhere else. */
struct dat_cell {
	const char *table, *column, *guid;
};
/* *ret: hex, to be freed with hws_free; "" of an empty text. */
int dat_seal(const struct dat_keys *keys, struct dat_cell cell, const char *plain,
		char **ret) HWS_MUST_CHECK;
/* HWS_ERR_CRYPTO: of another key or another place, or changed. The caller wipes buf. */
int dat_unseal(const struct dat_keys *keys, struct dat_cell cell, const char *sealed, char *buf,
		size_t size) HWS_MUST_CHECK;

#define DAT_SEALED_PLAIN_MAX 65536u

/* The MAC of an audit row, in hex. */
void dat_keys_mac(const struct dat_keys *keys, const struct hws_bytes *parts, size_t n,
		char ret[DAT_HASH_TEXT]);

/* 256 random bits as hex: a session, a token, a link. */
void dat_token_new(char buf[DAT_TOKEN_TEXT]);
/* What is kept of it. */
void dat_token_hash(const char *token, char ret[DAT_HASH_TEXT]);
