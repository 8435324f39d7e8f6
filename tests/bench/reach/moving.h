/* bench/reach/moving: the pauses of a session that goes over to another way. */
#pragma once
#include <stdbool.h>

/* False: it cannot be done here, which was said. */
bool part_moving(void);
