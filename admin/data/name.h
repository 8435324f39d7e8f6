/* admin/data/name: names of accounts, groups, books. Two that look the same to a person are the
 * same: in any case, in any form of Unicode. */
#pragma once
#include "admin/data/dat.h"

/* 1 ... 128 letters, no control signs, no blanks at the ends; the folded form to `key`, by which
 * names are compared and kept unique. */
int dat_name_key(const char *name, char key[DAT_NAME_KEY_TEXT]) HWS_MUST_CHECK;
/* Folds any text (at most 8 KiB) for a search; HWS_ERR_TOOBIG when it does not fit. */
int dat_fold(const char *text, char *buf, size_t size) HWS_MUST_CHECK;
/* The folded form between signs for LIKE. */
int dat_fold_like(const char *text, char *buf, size_t size) HWS_MUST_CHECK;
