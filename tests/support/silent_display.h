/* support/silent_display: an X display whose server hangs. */
#pragma once

/* A socket of this machine alone where somebody listens who never says a word; `display` is its
 * name as of an X display. The caller accepts, and closes. */
int test_silent_display(char display[32]);
