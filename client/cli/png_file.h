/* cli/png_file: a picture of the library as a PNG file. */
#pragma once
#include <hawser/types.h>

/* As shared/base/output.h says: replaces a file atomically, writes to a pipe. Returns 0, or an exit
 * status after a message. Frames in RGBA only. */
int cli_png_write(const char *path, const struct hawser_frame *frame);
