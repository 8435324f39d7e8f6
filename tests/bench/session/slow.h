/* bench/session/slow: a full screen of text that scrolls, over a line that is too narrow for it. */
#pragma once
#include "tests/bench/common/desktop.h"
#include "tests/bench/common/suite.h"

/* Opens sessions of its own through a proxy with a limit; none may be open. */
void bench_slow(struct suite *s, struct desktop *d, bool quick);
