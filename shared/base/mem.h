/* base/mem: allocation with overflow checks and a failure hook for tests. */
#pragma once
#include "shared/base/macros.h"
#include <stddef.h>

/* Zeroed memory, or NULL. Free with hws_free. n == 0 gives a unique pointer. */
void *hws_alloc(size_t n) __attribute__((malloc)) HWS_MUST_CHECK;
/* Zeroed array, NULL on overflow of count * size. */
void *hws_alloc_array(size_t count, size_t size) __attribute__((malloc)) HWS_MUST_CHECK;
/* Like realloc for arrays; new bytes are NOT zeroed; on failure NULL and `ptr` stays valid. */
void *hws_realloc_array(void *ptr, size_t count, size_t size) HWS_MUST_CHECK;
/* Copies; NULL on failure or when the source is NULL. */
char *hws_strdup(const char *s) HWS_MUST_CHECK;
void *hws_memdup(const void *p, size_t n) HWS_MUST_CHECK;
void hws_free(void *ptr);
/* Zeroed memory of its own pages: untouched pages cost nothing and all go back to the system when
 * freed. For tables that stay; n is rounded up to pages. */
void *hws_pages_alloc(size_t n) HWS_MUST_CHECK;
void hws_pages_free(void *ptr, size_t n);
/* Gives what was freed back to the system; takes milliseconds. After floods, off the hot path. */
void hws_mem_trim(void);
/* For programs whose threads seldom allocate: less memory lost between them. Call first in main. */
void hws_mem_few_arenas(void);
/* Overwrites before freeing; for secrets. */
void hws_free_wiped(void *ptr, size_t n);
void hws_wipe(void *ptr, size_t n);

/* Test hook: the n-th allocation from now on (1 = next) fails once; 0 switches off.
 * Returns how many allocations happened since the last call. Not thread-safe. */
unsigned long hws_mem_fail_at(unsigned long n);
