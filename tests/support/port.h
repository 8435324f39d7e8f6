/* tests/support/port: ports of 127.0.0.1 for programs that need to know theirs beforehand, or
 * several in a row. Whoever can binds port 0 instead and asks. */
#pragma once
#include <stdint.h>

/* `count` ports in a row that are free for TCP and UDP; the first one. They come from a block that
 * belongs to this process and its children until they end, below the range of outgoing connections:
 * no other test gets one of them. At most TEST_PORTS_MAX. */
#define TEST_PORTS_MAX 16
uint16_t test_free_ports(unsigned count);
uint16_t test_free_port(void);
