/* bench/reach/moving: the pauses of a session that goes over to another way. */
#pragma once
#include <stdbool.h>

/* False: it failed, which was said. */
bool part_moving(void);
