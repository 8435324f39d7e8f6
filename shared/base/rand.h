/* base/rand: random bytes from the kernel (getrandom); aborts when the kernel has none, which no
 * caller could repair. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void hws_rand_bytes(void *buf, size_t n);
/* Uniform in 0 .. bound-1; bound > 0. */
uint32_t hws_rand_below(uint32_t bound);
/* Lower-case hyphenated UUID v4 (RFC 9562); buf of at least 37 bytes. */
void hws_rand_uuid(char *buf, size_t size);
