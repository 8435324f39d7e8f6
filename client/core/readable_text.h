/* core/readable_text: foreign text for people to read, in a window or on a terminal. Pure. */
#pragma once
#include "shared/base/bytes.h"

/* As hws_str_escape, but double quotes stay what they are, and become that again where a host has
 * escaped them: nothing here is read back from between quotes. Returns buf. */
char *hws_readable_text(char *buf, size_t size, struct hws_bytes in);
