/* import/text: what strangers wrote, brought within bounds. Pure. Private to admin/import. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* Makes `s` valid UTF-8 without control signs (line ends stay when `lines`) and without blanks at
 * its ends, no longer than a column of that size takes (dat_letters), cut between characters. True
 * if that changed it. */
bool imp_clean(const char *s, char *buf, size_t size, bool lines);

/* Calls fn for each tag of a JSON array of texts, or of a list with commas; each cleaned, "" left
 * out. Stops at the first error. */
typedef int (*imp_tag_fn)(const char *tag, void *arg);
int imp_tags_each(const char *text, imp_tag_fn fn, void *arg) HWS_MUST_CHECK;

/* 0xAARRGGBB of a decimal number (also a negative one of 32 bits), 0x... or #RRGGBB; 0 for anything
 * else. */
int64_t imp_color(const char *text);
/* Base64 of hex digits; "" of what is none. */
void imp_hex_to_base64(const char *hex, char *buf, size_t size);
