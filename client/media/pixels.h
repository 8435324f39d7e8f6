/* media/pixels: conversion of rectangles between the screen's and the codecs' pixel formats.
 * Limited-range BT.601 as every deployed peer uses it. Rectangles must lie inside the picture. */
#pragma once
#include "client/media/picture.h"

/* Whether hws_pixels_convert knows the way. A format to itself is one. */
bool hws_pixels_can(enum hws_pixel_format from, enum hws_pixel_format to);
/* The whole picture, of the same size; `to` is of a format in memory. A dmabuf is mapped for it.
 * HWS_ERR_UNSUPPORTED: no way between the formats, or memory that only the card can read.
 * HWS_ERR_INVAL: sizes differ, or planes are too small. */
int hws_pixels_convert(const struct hws_picture *from, struct hws_picture *to) HWS_MUST_CHECK;
/* From a rectangle (even, as below) of a picture of any YUV format in memory to packed rows of
 * bytes B G R A, or R G B A with `rgba`; alpha becomes 255. HWS_ERR_UNSUPPORTED: another format. */
int hws_pixels_to_packed(const struct hws_picture *from, struct hws_rect r, bool rgba, uint8_t *dst,
		int dst_stride) HWS_MUST_CHECK;

/* From packed BGRA rows (`src` is the rectangle's first pixel) into the rectangle `r` of an I420
 * picture. r.x and r.y must be even, and r.w, r.h even or end at the picture's edge
 * (hws_rect_align2). */
void hws_pixels_bgra_to_i420(
		const uint8_t *src, int src_stride, struct hws_picture *to, struct hws_rect r);
/* The same into an I444 picture, of any rectangle. */
void hws_pixels_bgra_to_i444(
		const uint8_t *src, int src_stride, struct hws_picture *to, struct hws_rect r);
/* From the rectangle of an I420 picture (same rule) to packed BGRA rows; alpha becomes 255. */
void hws_pixels_i420_to_bgra(
		const struct hws_picture *from, struct hws_rect r, uint8_t *dst, int dst_stride);
/* The same with the byte order R G B A. */
void hws_pixels_i420_to_rgba(
		const struct hws_picture *from, struct hws_rect r, uint8_t *dst, int dst_stride);
