/* The objects and the table of functions of a driver; see driver.h. */
#include "driver.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <va/va_backend.h>
#include <va/va_drmcommon.h>

#define OBJECTS 4096
#define NV12 VA_FOURCC_NV12
#define ALIGN(n) (((n) + 15) & ~15)

VAStatus __vaDriverInit_1_0(VADriverContextP ctx);

/* --- what goes wrong --- */

const struct va_mode *va_mode(void)
{
	static struct va_mode m;
	static bool read;
	const char *text = getenv("VA_TEST_MODE"), *after = text ? strstr(text, "-after=") : NULL;

	if (read)
		return &m;
	read = true;
	if (!text)
		return &m;
	m.crash = !strncmp(text, "crash", 5);
	m.hang = !strncmp(text, "hang", 4);
	m.fail = !strncmp(text, "fail", 4);
	m.small = !strcmp(text, "small");
	m.grey = !strcmp(text, "grey");
	m.slow = !strcmp(text, "slow");
	m.after = after ? (unsigned)strtoul(after + 7, NULL, 10) : 0;
	return &m;
}

bool va_misbehave(unsigned picture)
{
	const struct va_mode *m = va_mode();

	if (m->slow)
		usleep(400000);
	if (picture < m->after)
		return true;
	if (m->crash)
		abort();
	while (m->hang)
		pause();
	return !m->fail;
}

/* --- objects --- */

static void *object[OBJECTS];

static unsigned keep(void *p)
{
	for (unsigned i = 1; p && i < OBJECTS; i++)
		if (!object[i]) {
			object[i] = p;
			return i;
		}
	free(p);
	return VA_INVALID_ID;
}

static void *find(unsigned id)
{
	return id < OBJECTS ? object[id] : NULL;
}

static void forget(unsigned id)
{
	if (id < OBJECTS) {
		free(object[id]);
		object[id] = NULL;
	}
}

struct config {
	VAEntrypoint entrypoint;
};

struct image {
	VAImage image;
};

/* --- configurations --- */

static VAStatus query_profiles(VADriverContextP ctx, VAProfile *list, int *n)
{
	(void)ctx;
	list[0] = VAProfileH264High;
	list[1] = VAProfileH264Main;
	list[2] = VAProfileH264ConstrainedBaseline;
	*n = 3;
	return VA_STATUS_SUCCESS;
}

static VAStatus query_entrypoints(
		VADriverContextP ctx, VAProfile profile, VAEntrypoint *list, int *n)
{
	(void)ctx;
	(void)profile;
	list[0] = VAEntrypointVLD;
	list[1] = VAEntrypointEncSlice;
	*n = 2;
	return VA_STATUS_SUCCESS;
}

static VAStatus get_attributes(VADriverContextP ctx, VAProfile profile, VAEntrypoint entrypoint,
		VAConfigAttrib *a, int n)
{
	(void)ctx;
	(void)profile;
	for (int i = 0; i < n; i++)
		switch (a[i].type) {
		case VAConfigAttribRTFormat:
			a[i].value = VA_RT_FORMAT_YUV420;
			break;
		case VAConfigAttribRateControl:
			a[i].value = VA_RC_CQP;
			break;
		case VAConfigAttribEncMaxRefFrames:
			a[i].value = 1;
			break;
		case VAConfigAttribEncROI:
			a[i].value = entrypoint == VAEntrypointEncSlice ? 1
									: VA_ATTRIB_NOT_SUPPORTED;
			break;
		default:
			a[i].value = VA_ATTRIB_NOT_SUPPORTED;
		}
	return VA_STATUS_SUCCESS;
}

static VAStatus create_config(VADriverContextP ctx, VAProfile profile, VAEntrypoint entrypoint,
		VAConfigAttrib *a, int n, VAConfigID *id)
{
	struct config *c = calloc(1, sizeof(*c));

	(void)ctx;
	(void)profile;
	(void)a;
	(void)n;
	if (c)
		c->entrypoint = entrypoint;
	*id = keep(c);
	return *id == VA_INVALID_ID ? VA_STATUS_ERROR_ALLOCATION_FAILED : VA_STATUS_SUCCESS;
}

static VAStatus destroy_config(VADriverContextP ctx, VAConfigID id)
{
	(void)ctx;
	forget(id);
	return VA_STATUS_SUCCESS;
}

static VAStatus query_surface_attributes(
		VADriverContextP ctx, VAConfigID config, VASurfaceAttrib *a, unsigned *n)
{
	(void)ctx;
	(void)config;
	if (a && *n >= 1)
		a[0] = (VASurfaceAttrib){ .type = VASurfaceAttribPixelFormat,
			.flags = VA_SURFACE_ATTRIB_GETTABLE | VA_SURFACE_ATTRIB_SETTABLE,
			.value = { .type = VAGenericValueTypeInteger, .value.i = NV12 } };
	*n = 1;
	return VA_STATUS_SUCCESS;
}

/* --- surfaces and images --- */

static VAStatus create_surfaces(VADriverContextP ctx, unsigned format, unsigned width,
		unsigned height, VASurfaceID *ids, unsigned n, VASurfaceAttrib *a,
		unsigned attributes)
{
	(void)ctx;
	(void)format;
	(void)a;
	(void)attributes;
	for (unsigned i = 0; i < n; i++) {
		struct surface *s = calloc(1, sizeof(*s));
		if (!s)
			return VA_STATUS_ERROR_ALLOCATION_FAILED;
		s->width = (int)width;
		s->height = ALIGN((int)height);
		s->stride = ALIGN((int)width);
		s->bytes = calloc((size_t)s->stride * s->height * 3 / 2, 1);
		ids[i] = keep(s);
	}
	return VA_STATUS_SUCCESS;
}

static VAStatus destroy_surfaces(VADriverContextP ctx, VASurfaceID *ids, int n)
{
	(void)ctx;
	for (int i = 0; i < n; i++) {
		struct surface *s = find(ids[i]);
		if (s)
			free(s->bytes);
		forget(ids[i]);
	}
	return VA_STATUS_SUCCESS;
}

static VAStatus create_buffer(VADriverContextP ctx, VAContextID context, VABufferType type,
		unsigned size, unsigned count, void *data, VABufferID *id)
{
	struct buffer *b = calloc(1, sizeof(*b));

	(void)ctx;
	(void)context;
	if (!b)
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	b->type = type;
	b->size = size * count;
	b->count = count;
	b->bytes = calloc(1, b->size ? b->size : 1);
	if (data && b->bytes)
		memcpy(b->bytes, data, b->size);
	*id = keep(b);
	return VA_STATUS_SUCCESS;
}

static VAStatus map_buffer(VADriverContextP ctx, VABufferID id, void **ret)
{
	struct buffer *b = find(id);

	(void)ctx;
	if (!b)
		return VA_STATUS_ERROR_INVALID_BUFFER;
	*ret = b->type == VAEncCodedBufferType ? (void *)&b->segment : b->bytes;
	return VA_STATUS_SUCCESS;
}

static VAStatus unmap_buffer(VADriverContextP ctx, VABufferID id)
{
	(void)ctx;
	(void)id;
	return VA_STATUS_SUCCESS;
}

static VAStatus destroy_buffer(VADriverContextP ctx, VABufferID id)
{
	struct buffer *b = find(id);

	(void)ctx;
	if (b)
		free(b->bytes);
	forget(id);
	return VA_STATUS_SUCCESS;
}

static VAStatus query_image_formats(VADriverContextP ctx, VAImageFormat *list, int *n)
{
	(void)ctx;
	list[0] = (VAImageFormat){
		.fourcc = NV12, .byte_order = VA_LSB_FIRST, .bits_per_pixel = 12
	};
	*n = 1;
	return VA_STATUS_SUCCESS;
}

static VAStatus create_image(
		VADriverContextP ctx, VAImageFormat *format, int width, int height, VAImage *ret)
{
	struct image *i = calloc(1, sizeof(*i));
	unsigned stride = (unsigned)ALIGN(width), lines = (unsigned)ALIGN(height);

	if (!i)
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	i->image = (VAImage){ .format = *format,
		.width = (uint16_t)width,
		.height = (uint16_t)height,
		.data_size = stride * lines * 3 / 2,
		.num_planes = 2,
		.pitches = { stride, stride },
		.offsets = { 0, stride * lines } };
	create_buffer(ctx, 0, VAImageBufferType, i->image.data_size, 1, NULL, &i->image.buf);
	i->image.image_id = keep(i);
	*ret = i->image;
	return VA_STATUS_SUCCESS;
}

static VAStatus destroy_image(VADriverContextP ctx, VAImageID id)
{
	struct image *i = find(id);

	if (i)
		destroy_buffer(ctx, i->image.buf);
	forget(id);
	return VA_STATUS_SUCCESS;
}

/* Whole pictures only. */
static VAStatus copy(struct surface *s, const struct image *i, bool to_surface)
{
	struct buffer *b = i ? find(i->image.buf) : NULL;
	int stride = s && i ? (int)i->image.pitches[0] : 0;

	if (!s || !b)
		return VA_STATUS_ERROR_INVALID_SURFACE;
	for (int plane = 0; plane < 2; plane++) {
		int lines = s->height >> plane, most = ALIGN(i->image.height) >> plane;
		uint8_t *p = s->bytes + (plane ? (size_t)s->stride * s->height : 0);
		uint8_t *q = b->bytes + i->image.offsets[plane];
		for (int y = 0; y < lines && y < most; y++) {
			size_t n = (size_t)(s->stride < stride ? s->stride : stride);
			if (to_surface)
				memcpy(p + (size_t)y * s->stride, q + (size_t)y * stride, n);
			else
				memcpy(q + (size_t)y * stride, p + (size_t)y * s->stride, n);
		}
	}
	return VA_STATUS_SUCCESS;
}

static VAStatus get_image(VADriverContextP ctx, VASurfaceID surface, int x, int y, unsigned w,
		unsigned h, VAImageID image)
{
	(void)ctx;
	(void)x;
	(void)y;
	(void)w;
	(void)h;
	return copy(find(surface), find(image), false);
}

/* NOLINTNEXTLINE(readability-function-size): libva gives it so many arguments */
static VAStatus put_image(VADriverContextP ctx, VASurfaceID surface, VAImageID image, int sx,
		int sy, unsigned sw, unsigned sh, int dx, int dy, unsigned dw, unsigned dh)
{
	(void)ctx;
	(void)sx;
	(void)sy;
	(void)sw;
	(void)sh;
	(void)dx;
	(void)dy;
	(void)dw;
	(void)dh;
	return copy(find(surface), find(image), true);
}

/* --- pictures --- */

static VAStatus create_context(VADriverContextP ctx, VAConfigID config, int width, int height,
		int flag, VASurfaceID *targets, int n, VAContextID *id)
{
	const struct config *k = find(config);
	struct context *c = k ? calloc(1, sizeof(*c)) : NULL;

	(void)ctx;
	(void)flag;
	(void)targets;
	(void)n;
	if (!c)
		return VA_STATUS_ERROR_INVALID_CONFIG;
	c->encodes = k->entrypoint == VAEntrypointEncSlice;
	c->width = width;
	c->height = height;
	*id = keep(c);
	return VA_STATUS_SUCCESS;
}

static VAStatus destroy_context(VADriverContextP ctx, VAContextID id)
{
	struct context *c = find(id);

	(void)ctx;
	if (c && c->encoder) {
		(*c->encoder)->Uninitialize(c->encoder);
		WelsDestroySVCEncoder(c->encoder);
	}
	if (c && c->decoder) {
		(*c->decoder)->Uninitialize(c->decoder);
		WelsDestroyDecoder(c->decoder);
	}
	forget(id);
	return VA_STATUS_SUCCESS;
}

static VAStatus begin_picture(VADriverContextP ctx, VAContextID id, VASurfaceID target)
{
	struct context *c = find(id);

	(void)ctx;
	if (!c)
		return VA_STATUS_ERROR_INVALID_CONTEXT;
	c->now = (struct picture){ .target = find(target) };
	return c->now.target ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_SURFACE;
}

static void take(struct context *c, struct buffer *b)
{
	struct picture *n = &c->now;

	switch (b->type) {
	case VAEncPictureParameterBufferType:
		n->enc_pic = b;
		n->coded = find(((const VAEncPictureParameterBufferH264 *)(const void *)b->bytes)
						->coded_buf);
		break;
	case VAEncSequenceParameterBufferType:
		va_take_sequence(c, b);
		break;
	case VAEncSliceParameterBufferType:
		n->enc_slice = b;
		break;
	case VAEncMiscParameterBufferType:
		if (((const VAEncMiscParameterBuffer *)(const void *)b->bytes)->type ==
				VAEncMiscParameterTypeROI)
			n->roi = b;
		break;
	case VAPictureParameterBufferType:
		n->dec_pic = b;
		break;
	case VASliceParameterBufferType:
		if (n->slices < 64)
			n->slice_param[n->slices++] = b;
		break;
	case VASliceDataBufferType:
		if (n->datas < 64)
			n->slice_data[n->datas++] = b;
		break;
	default:
		break;
	}
}

static VAStatus render_picture(VADriverContextP ctx, VAContextID id, VABufferID *ids, int n)
{
	struct context *c = find(id);

	(void)ctx;
	for (int i = 0; c && i < n; i++)
		if (find(ids[i]))
			take(c, find(ids[i]));
	return c ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_CONTEXT;
}

static VAStatus end_picture(VADriverContextP ctx, VAContextID id)
{
	struct context *c = find(id);

	(void)ctx;
	if (!c)
		return VA_STATUS_ERROR_INVALID_CONTEXT;
	if (!va_misbehave(c->pictures))
		return VA_STATUS_ERROR_HW_BUSY;
	return c->encodes ? va_encode(c) : va_decode(c);
}

static VAStatus sync_surface(VADriverContextP ctx, VASurfaceID id)
{
	(void)ctx;
	return find(id) ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_SURFACE;
}

static VAStatus nothing(void)
{
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus terminate(VADriverContextP ctx)
{
	(void)ctx;
	return VA_STATUS_SUCCESS;
}

VAStatus __vaDriverInit_1_0(VADriverContextP ctx)
{
	struct VADriverVTable *t = ctx->vtable;
	VAStatus (*none)(void) = nothing;

	ctx->version_major = VA_MAJOR_VERSION;
	ctx->version_minor = VA_MINOR_VERSION;
	ctx->max_profiles = 8;
	ctx->max_entrypoints = 4;
	ctx->max_attributes = 32;
	ctx->max_image_formats = 2;
	ctx->max_subpic_formats = 1;
	ctx->max_display_attributes = 1;
	ctx->str_vendor = "hawser's test driver (no hardware)";
	for (size_t i = 0; i < offsetof(struct VADriverVTable, reserved) / sizeof(none); i++)
		memcpy((char *)t + i * sizeof(none), &none, sizeof(none));
	t->vaTerminate = terminate;
	t->vaQueryConfigProfiles = query_profiles;
	t->vaQueryConfigEntrypoints = query_entrypoints;
	t->vaGetConfigAttributes = get_attributes;
	t->vaCreateConfig = create_config;
	t->vaDestroyConfig = destroy_config;
	t->vaQuerySurfaceAttributes = query_surface_attributes;
	t->vaCreateSurfaces2 = create_surfaces;
	t->vaDestroySurfaces = destroy_surfaces;
	t->vaCreateContext = create_context;
	t->vaDestroyContext = destroy_context;
	t->vaCreateBuffer = create_buffer;
	t->vaMapBuffer = map_buffer;
	t->vaUnmapBuffer = unmap_buffer;
	t->vaDestroyBuffer = destroy_buffer;
	t->vaQueryImageFormats = query_image_formats;
	t->vaCreateImage = create_image;
	t->vaDestroyImage = destroy_image;
	t->vaGetImage = get_image;
	t->vaPutImage = put_image;
	t->vaBeginPicture = begin_picture;
	t->vaRenderPicture = render_picture;
	t->vaEndPicture = end_picture;
	t->vaSyncSurface = sync_surface;
	return VA_STATUS_SUCCESS;
}
