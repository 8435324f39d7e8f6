/* The one place that allocates: sizes are checked before they are multiplied, and tests can let
 * the n-th allocation fail to see that the callers bear it. */
#include "shared/base/mem.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Atomics only so that counting does not become a data race in threaded programs. */
static unsigned long fail_at;
static unsigned long counted;

static bool must_fail(void)
{
	unsigned long at;

	__atomic_fetch_add(&counted, 1, __ATOMIC_RELAXED);
	at = __atomic_load_n(&fail_at, __ATOMIC_RELAXED);
	if (!at)
		return false;
	__atomic_store_n(&fail_at, at - 1, __ATOMIC_RELAXED);
	return at == 1;
}

void *hws_alloc(size_t n)
{
	if (must_fail())
		return NULL;
	return calloc(1, n ? n : 1);
}

void *hws_alloc_array(size_t count, size_t size)
{
	size_t n;

	if (must_fail() || __builtin_mul_overflow(count, size, &n))
		return NULL;
	return calloc(1, n ? n : 1);
}

void *hws_realloc_array(void *ptr, size_t count, size_t size)
{
	size_t n;

	if (must_fail() || __builtin_mul_overflow(count, size, &n))
		return NULL;
	return realloc(ptr, n ? n : 1);
}

char *hws_strdup(const char *s)
{
	return s ? hws_memdup(s, strlen(s) + 1) : NULL;
}

void *hws_memdup(const void *p, size_t n)
{
	void *copy;

	if (!p || must_fail())
		return NULL;
	copy = malloc(n ? n : 1);
	if (copy && n)
		memcpy(copy, p, n);
	return copy;
}

void hws_free(void *ptr)
{
	free(ptr);
}

void *hws_pages_alloc(size_t n)
{
	void *p;

	if (must_fail())
		return NULL;
	p = mmap(NULL, n ? n : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

void hws_pages_free(void *ptr, size_t n)
{
	if (ptr)
		munmap(ptr, n ? n : 1);
}

void hws_mem_few_arenas(void)
{
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 128 << 10); /* fixed: large blocks go back when freed */
#endif
}

void hws_mem_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

void hws_free_wiped(void *ptr, size_t n)
{
	hws_wipe(ptr, n);
	free(ptr);
}

void hws_wipe(void *ptr, size_t n)
{
	if (ptr && n)
		explicit_bzero(ptr, n);
}

unsigned long hws_mem_fail_at(unsigned long n)
{
	__atomic_store_n(&fail_at, n, __ATOMIC_RELAXED);
	return __atomic_exchange_n(&counted, 0, __ATOMIC_RELAXED);
}
