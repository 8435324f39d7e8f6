/* tests/support/network: the network and the mounts of a test. The network is a test's own without
 * a word (network.c). */
#pragma once
#include <stdbool.h>

/* Whether there is one: else interfaces, addresses and routes are the machine's, and are left as
 * they are. */
bool test_network_is_own(void);

/* In a mount namespace that was just made: nothing mounted from now on is seen outside. Works in a
 * chroot, too. False with errno. */
bool test_mount_unseen(void);
