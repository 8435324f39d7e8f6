/* tests/support/vector: bytes of the wire examples in tests/vectors, for tests that live above
 * shared/wire. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The example called `name` in tests/vectors/`file`: its bytes into buf, their number returned.
 * `payload_buf` (may be NULL) gets decoded.payload, *ret_payload its length. Ends the test when
 * there is none or no room. */
size_t test_vector(const char *file, const char *name, uint8_t *buf, size_t size,
		uint8_t *payload_buf, size_t *ret_payload);
