/* tests/support/network: the network and the mounts of a test. The network is a test's own without
 * a word (network.c). */
#pragma once
#include <stdbool.h>

/* In a mount namespace that was just made: nothing mounted from now on is seen outside. Works in a
 * chroot, too. False with errno. */
bool test_mount_unseen(void);
