#include "client/cli/png_file.h"
#include "client/cli/cli.h"
#include "shared/base/str.h"
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* libpng reports errors by a jump to here; nothing between needs to be undone but its own structs. */
static bool encode(FILE *f, const struct hawser_frame *frame)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png ? png_create_info_struct(png) : NULL;

	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(png ? &png : NULL, info ? &info : NULL);
		return false;
	}
	png_init_io(png, f);
	png_set_IHDR(png, info, frame->width, frame->height, 8, PNG_COLOR_TYPE_RGB,
			PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_compression_level(png, 3);
	png_write_info(png, info);
	png_set_filler(png, 0, PNG_FILLER_AFTER); /* four bytes in, three out */
	for (uint32_t y = 0; y < frame->height; y++)
		png_write_row(png, frame->pixels + (size_t)y * frame->stride);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	return true;
}

int cli_png_write(const char *path, const struct hawser_frame *frame)
{
	char temp[4200];
	FILE *f = NULL;
	int fd, status = CLI_OK;

	if (hws_fmt(temp, sizeof(temp), "%s.XXXXXX", path) < 0)
		return cli_fail(CLI_USAGE, "the file name %.40s... is too long", path);
	fd = mkstemp(temp);
	if (fd >= 0)
		f = fdopen(fd, "wb");
	if (!f) {
		status = cli_fail(CLI_FILE, "cannot write %s: %s", path, strerror(errno));
		if (fd >= 0) {
			close(fd);
			unlink(temp);
		}
		return status;
	}
	mode_t mask = umask(0);
	umask(mask);
	if (fchmod(fd, 0666 & ~mask) < 0 || !encode(f, frame))
		status = CLI_FILE;
	if (fclose(f) != 0)
		status = CLI_FILE;
	if (status == CLI_OK && rename(temp, path) < 0)
		status = CLI_FILE;
	if (status != CLI_OK) {
		cli_fail(status, "cannot write %s: %s", path, strerror(errno));
		unlink(temp);
	}
	return status;
}
