/* What a camera can do: its formats come as values or choices of values (SPA's EnumFormat). A mode
 * of ours is a size with its highest rate: in what of its formats the pictures come is settled when
 * the stream begins, by what both ends list. */
#include "client/platform/pipewire/camera_parts.h"
#include "shared/base/macros.h"

#define SIZES_MAX 32u

/* What image.c reads, the cheapest first. */
static const enum spa_video_format readable[] = { SPA_VIDEO_FORMAT_I420, SPA_VIDEO_FORMAT_NV12,
	SPA_VIDEO_FORMAT_YUY2, SPA_VIDEO_FORMAT_BGRx, SPA_VIDEO_FORMAT_RGBx, SPA_VIDEO_FORMAT_BGRA,
	SPA_VIDEO_FORMAT_RGBA, SPA_VIDEO_FORMAT_RGB };

/* The values of a property: those of an enumeration without the default before them, of anything
 * else the default alone. */
static const void *values_of(const struct spa_pod *format, uint32_t key, uint32_t type, size_t size,
		uint32_t *ret_choice, uint32_t *ret_count)
{
	const struct spa_pod_prop *p = spa_pod_find_prop(format, NULL, key);
	struct spa_pod *first;

	*ret_count = 0;
	if (!p)
		return NULL;
	first = spa_pod_get_values(&p->value, ret_count, ret_choice);
	if (SPA_POD_TYPE(first) != type || SPA_POD_BODY_SIZE(first) < size || !*ret_count) {
		*ret_count = 0;
		return NULL;
	}
	return SPA_POD_BODY_CONST(first);
}

static bool is_readable(const struct spa_pod *format)
{
	uint32_t type, subtype, choice, n;
	const uint32_t *id;

	if (spa_format_parse(format, &type, &subtype) < 0 || type != SPA_MEDIA_TYPE_video)
		return false;
	if (subtype == SPA_MEDIA_SUBTYPE_mjpg)
		return true;
	if (subtype != SPA_MEDIA_SUBTYPE_raw)
		return false;
	id = values_of(format, SPA_FORMAT_VIDEO_format, SPA_TYPE_Id, sizeof(*id), &choice, &n);
	for (uint32_t k = 0; id && k < n; k++)
		for (size_t i = 0; i < HWS_COUNT(readable); i++)
			if (id[k] == readable[i])
				return true;
	return false;
}

static unsigned fps_of(const struct spa_pod *format)
{
	uint32_t choice, n;
	unsigned best = 0;
	const struct spa_fraction *f = values_of(format, SPA_FORMAT_VIDEO_framerate,
			SPA_TYPE_Fraction, sizeof(*f), &choice, &n);

	for (uint32_t k = 0; f && k < n && k < SIZES_MAX; k++)
		if (f[k].denom)
			best = HWS_MAX(best, f[k].num / f[k].denom);
	/* a source that does not say it gives pictures as they come */
	return best ? HWS_MIN(best, HWS_CAMERA_FPS_MAX) : 30;
}

void pipewire_add_modes(struct hws_camera_device *d, const struct spa_pod *format)
{
	uint32_t choice, n;
	const struct spa_rectangle *size;
	unsigned fps = fps_of(format);

	if (!is_readable(format))
		return;
	size = values_of(format, SPA_FORMAT_VIDEO_size, SPA_TYPE_Rectangle, sizeof(*size), &choice,
			&n);
	if (!size)
		return;
	hws_camera_add_mode(d, size[0].width, size[0].height, fps);
	if (choice == SPA_CHOICE_Enum)
		for (uint32_t k = 1; k < n && k < SIZES_MAX; k++)
			hws_camera_add_mode(d, size[k].width, size[k].height, fps);
}

unsigned pipewire_wanted(const struct hws_camera_mode *m, struct spa_pod_builder *b,
		const struct spa_pod *ret[2])
{
	struct spa_rectangle size = SPA_RECTANGLE((uint32_t)m->width, (uint32_t)m->height);
	struct spa_fraction want = SPA_FRACTION(m->fps, 1), least = SPA_FRACTION(0, 1),
			    most = SPA_FRACTION(HWS_CAMERA_FPS_MAX, 1);

	ret[0] = spa_pod_builder_add_object(b, SPA_TYPE_OBJECT_Format, SPA_PARAM_EnumFormat,
			SPA_FORMAT_mediaType, SPA_POD_Id(SPA_MEDIA_TYPE_video),
			SPA_FORMAT_mediaSubtype, SPA_POD_Id(SPA_MEDIA_SUBTYPE_raw),
			SPA_FORMAT_VIDEO_format,
			SPA_POD_CHOICE_ENUM_Id(9, readable[0], readable[0], readable[1],
					readable[2], readable[3], readable[4], readable[5],
					readable[6], readable[7]),
			SPA_FORMAT_VIDEO_size, SPA_POD_Rectangle(&size), SPA_FORMAT_VIDEO_framerate,
			SPA_POD_CHOICE_RANGE_Fraction(&want, &least, &most));
	ret[1] = spa_pod_builder_add_object(b, SPA_TYPE_OBJECT_Format, SPA_PARAM_EnumFormat,
			SPA_FORMAT_mediaType, SPA_POD_Id(SPA_MEDIA_TYPE_video),
			SPA_FORMAT_mediaSubtype, SPA_POD_Id(SPA_MEDIA_SUBTYPE_mjpg),
			SPA_FORMAT_VIDEO_size, SPA_POD_Rectangle(&size), SPA_FORMAT_VIDEO_framerate,
			SPA_POD_CHOICE_RANGE_Fraction(&want, &least, &most));
	return 2;
}
