/* Compares pictures that went through a lossy codec: by blocks, since single pixels may differ.
 * */
#include "tests/e2e/similarity.h"
#include <check.h>
#include <png.h>
#include <stdlib.h>

uint8_t *test_png_luma(const char *path, unsigned *ret_width, unsigned *ret_height)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	uint8_t *luma;

	ck_assert_msg(png_image_begin_read_from_file(&image, path), "%s: %s", path, image.message);
	image.format = PNG_FORMAT_GRAY;
	luma = calloc(image.height, image.width);
	ck_assert_ptr_nonnull(luma);
	ck_assert_msg(png_image_finish_read(&image, NULL, luma, 0, NULL), "%s: %s", path,
			image.message);
	*ret_width = image.width;
	*ret_height = image.height;
	return luma;
}

/* SSIM of one window (Wang et al. 2004, with the usual constants for 8 bits). */
static double window_ssim(const uint8_t *a, const uint8_t *b, unsigned stride)
{
	const double c1 = 6.5025, c2 = 58.5225;
	double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;

	for (unsigned y = 0; y < 8; y++) {
		for (unsigned x = 0; x < 8; x++) {
			double va = a[y * stride + x], vb = b[y * stride + x];

			sa += va;
			sb += vb;
			saa += va * va;
			sbb += vb * vb;
			sab += va * vb;
		}
	}
	sa /= 64;
	sb /= 64;
	saa = saa / 64 - sa * sa;
	sbb = sbb / 64 - sb * sb;
	sab = sab / 64 - sa * sb;
	return ((2 * sa * sb + c1) * (2 * sab + c2)) /
			((sa * sa + sb * sb + c1) * (saa + sbb + c2));
}

double test_luma_similarity(const uint8_t *a, const uint8_t *b, unsigned width, unsigned height)
{
	unsigned windows = 0;
	double sum = 0;

	for (unsigned y = 0; y + 8 <= height; y += 8)
		for (unsigned x = 0; x + 8 <= width; x += 8, windows++)
			sum += window_ssim(a + (size_t)y * width + x, b + (size_t)y * width + x,
					width);
	return windows ? sum / windows : 0;
}
