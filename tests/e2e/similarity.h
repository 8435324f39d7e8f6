/* tests/e2e/similarity: whether two pictures show the same. */
#pragma once
#include <stdint.h>

/* Luma of a PNG as one byte a pixel; the caller frees it. Fails the test when there is none. */
uint8_t *test_png_luma(const char *path, unsigned *ret_width, unsigned *ret_height);
/* Mean structural similarity (8 x 8 windows) of two pictures of the same size; 1 = equal. */
double test_luma_similarity(const uint8_t *a, const uint8_t *b, unsigned width, unsigned height);
