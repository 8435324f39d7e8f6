/* tests/support/wire: a network with a broadcast address for the calling process and those it
 * starts from now on: a namespace with two ends of a cable, 10.7.0.1/24 (fd07::1/64, too, where the
 * kernel has IPv6) at the hardware address 02:00:00:00:00:01. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define TEST_WIRE_ADDRESS "10.7.0.1"
#define TEST_WIRE_MAC "02:00:00:00:00:01"

/* False: no namespace can be made here (errno). */
bool test_wire_enter(void);
/* The address of IPv4 anew, with this behind it: "/24" alone has no broadcast address that is set. */
bool test_wire_set_address(const char *more);
/* A socket of UDP at this port, which waits as long as a test does. */
int test_wire_listen(uint16_t port);
