/* media/pixels: conversion of rectangles between the screen's and the codecs' pixel formats.
 * Limited-range BT.601 as every deployed peer uses it. Rectangles must lie inside the picture. */
#pragma once
#include "client/media/picture.h"

/* From packed BGRA rows (`src` is the rectangle's first pixel) into the rectangle `r` of an I420 picture.
 * r.x and r.y must be even, and r.w, r.h even or end at the picture's edge (hws_rect_align2). */
void hws_pixels_bgra_to_i420(
		const uint8_t *src, int src_stride, struct hws_picture *to, struct hws_rect r);
/* From the rectangle of an I420 picture (same rule) to packed BGRA rows; alpha becomes 255. */
void hws_pixels_i420_to_bgra(
		const struct hws_picture *from, struct hws_rect r, uint8_t *dst, int dst_stride);
/* The same with the byte order R G B A. */
void hws_pixels_i420_to_rgba(
		const struct hws_picture *from, struct hws_rect r, uint8_t *dst, int dst_stride);
/* From the rectangle of a BGRA picture to rows of R G B A bytes (PNG, cursor); alpha as it is. */
void hws_pixels_bgra_to_rgba(const uint8_t *src, int src_stride, uint8_t *dst, int dst_stride,
		int width, int height);
