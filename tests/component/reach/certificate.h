/* A certificate that signs itself, for `names` ("IP:127.0.0.1,DNS:localhost"), as two PEM files in
 * `dir`. Ends the test on failure. */
#pragma once
#include <stddef.h>

void certificate_make(const char *dir, const char *names, char cert[320], char key[320]);
