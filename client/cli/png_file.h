/* cli/png_file: a picture of the library as a PNG file. */
#pragma once
#include <hawser/types.h>

/* Replaces the file atomically. Returns 0, or an exit status after a message. Frames in RGBA only. */
int cli_png_write(const char *path, const struct hawser_frame *frame);
