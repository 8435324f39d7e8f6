/* Jobs that were begun and not ended, in transfers.json beside the configuration: what deployed
 * viewers keep as read_jobs and write_jobs of a peer. Paths stand in it in the form that they have
 * on the wire, which is UTF-8 whatever they are. */
#include "client/api/files.h"
#include "client/services/files/names.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define KEPT_MAX 1000u
#define FILE_MAX (16u << 20)

/* The file's name; false: nothing is kept. */
static bool place(hawser_context *ctx, char *buf, size_t size)
{
	const char *path = hws_view_settings_path(ctx->settings);
	const char *slash = strrchr(path, '/');

	return *path &&
			hws_fmt(buf, size, "%.*stransfers.json",
					slash ? (int)(slash - path) + 1 : 0, path) == HWS_OK;
}

/* An array, also where there is no file yet. NULL: it cannot be read; `err` says why. */
static json_t *load(const char *path, struct hws_error *err)
{
	struct hws_buf b;
	struct hws_bytes text;
	json_t *all = NULL;
	int r;

	hws_buf_init(&b, FILE_MAX);
	r = hws_private_file_read(path, HWS_PRIVATE_OWN, &b, err);
	text = hws_buf_bytes(&b);
	if (r == HWS_ERR_NOTFOUND)
		all = json_array();
	else if (r == HWS_OK)
		all = json_loadb((const char *)text.ptr, text.len, 0, NULL);
	hws_buf_done(&b);
	if (r == HWS_OK && !json_is_array(all)) {
		json_decref(all);
		all = NULL;
		hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is damaged: remove it; copies that it names can be made again",
				path);
	}
	return all;
}

static int store(const char *path, json_t *all, struct hws_error *err)
{
	char *text = json_dumps(all, JSON_INDENT(1));
	int r = text ? hws_private_file_write(path, hws_bytes_str(text), HWS_PRIVATE_FOLDERS, err)
		     : hws_error_set(err, HWS_ERR_NOMEM, "out of memory");

	free(text);
	return r;
}

static const char *text_of(const json_t *job, const char *name)
{
	const char *text = json_string_value(json_object_get(job, name));

	return text ? text : "";
}

static uint32_t number_of(const json_t *job)
{
	json_int_t n = json_integer_value(json_object_get(job, "number"));

	return n > 0 && n < INT32_MAX ? (uint32_t)n : 0;
}

static bool is_same(const json_t *job, const char *target, bool upload, const char *remote,
		const char *local)
{
	return strcmp(text_of(job, "target"), target) == 0 &&
			json_is_true(json_object_get(job, "upload")) == upload &&
			strcmp(text_of(job, "remote"), remote) == 0 &&
			strcmp(text_of(job, "local"), local) == 0;
}

/* The number of the same job, or the new one's. 0: no memory. */
static uint32_t add(json_t *all, const char *target, bool upload, const char *remote,
		const char *local, bool *ret_known)
{
	uint32_t last = 0;
	size_t i;
	json_t *job;

	json_array_foreach (all, i, job) {
		*ret_known = is_same(job, target, upload, remote, local);
		if (*ret_known)
			return number_of(job);
		last = HWS_MAX(last, number_of(job));
	}
	while (json_array_size(all) >= KEPT_MAX)
		json_array_remove(all, 0);
	job = json_pack("{s:i, s:s, s:b, s:s, s:s, s:I}", "number", (int)last + 1, "target", target,
			"upload", (int)upload, "remote", remote, "local", local, "began",
			(json_int_t)(hws_wall_us() / HWS_US_PER_S));
	return job && json_array_append_new(all, job) == 0 ? last + 1 : 0;
}

int api_files_keep(hawser_context *ctx, const char *target, bool upload, const char *remote,
		const char *local, uint32_t *ret_number, bool *ret_known)
{
	char path[4400], there[HWS_FILE_WIRE_MAX + 1], here[HWS_FILE_WIRE_MAX + 1];
	struct hws_error err = { 0 };
	json_t *all = NULL;
	int r = HWS_OK;

	*ret_number = 0;
	*ret_known = false;
	if (hws_name_to_wire(remote, there, sizeof(there)) < 0 ||
			hws_name_to_wire(local, here, sizeof(here)) < 0)
		return api_fail(HAWSER_ERR_TOOBIG, "a path is too long");
	pthread_mutex_lock(&ctx->lock);
	if (place(ctx, path, sizeof(path))) {
		all = load(path, &err);
		r = all ? HWS_OK : err.code;
	}
	if (all) {
		*ret_number = add(all, target, upload, there, here, ret_known);
		r = *ret_number ? store(path, all, &err) : HWS_ERR_NOMEM;
	}
	json_decref(all);
	pthread_mutex_unlock(&ctx->lock);
	return r < 0 ? api_fail(r, "%s", *err.text ? err.text : hws_err_text(r)) : HAWSER_OK;
}

int api_files_unkeep(hawser_context *ctx, const char *target, uint32_t number)
{
	char path[4400];
	struct hws_error err = { 0 };
	json_t *all = NULL, *job;
	size_t i;
	int r = HWS_ERR_NOTFOUND;

	pthread_mutex_lock(&ctx->lock);
	if (place(ctx, path, sizeof(path)))
		all = load(path, &err);
	json_array_foreach (all, i, job) {
		if (number_of(job) != number ||
				(target && strcmp(text_of(job, "target"), target) != 0))
			continue;
		json_array_remove(all, i);
		r = store(path, all, &err);
		break;
	}
	json_decref(all);
	pthread_mutex_unlock(&ctx->lock);
	return r;
}

int hawser_files_forget(hawser_context *ctx, const char *target, uint32_t number)
{
	int r = api_files_unkeep(ctx, target, number);

	return r == HWS_ERR_NOTFOUND
			? api_fail(HAWSER_ERR_NOTFOUND, "there is no job %u of %s", number, target)
			: r < 0 ? api_fail(r, "the list of jobs could not be written")
				: HAWSER_OK;
}

/* All in one block: the list, then its texts. */
static int make_list(const json_t *all, const char *target, struct hawser_files_kept **ret,
		size_t *ret_count)
{
	struct hws_list_room {
		char remote[HWS_FILE_PATH_MAX + 1], local[HWS_FILE_PATH_MAX + 1];
	} * room;
	struct hawser_files_kept *list;
	size_t i, n = json_array_size(all), count = 0;
	const json_t *job;

	list = hws_alloc((n + 1) * (sizeof(*list) + sizeof(*room)));
	if (!list)
		return HAWSER_ERR_NOMEM;
	room = (struct hws_list_room *)(list + n + 1);
	json_array_foreach (all, i, job) {
		struct hawser_files_kept *k = &list[count];
		if (strcmp(text_of(job, "target"), target) != 0 || !number_of(job) ||
				hws_name_from_wire(text_of(job, "remote"), false,
						room[count].remote, sizeof(room->remote)) < 0 ||
				hws_name_from_wire(text_of(job, "local"), false, room[count].local,
						sizeof(room->local)) < 0)
			continue;
		*k = (struct hawser_files_kept){ .size = sizeof(*k),
			.number = number_of(job),
			.upload = json_is_true(json_object_get(job, "upload")),
			.remote = room[count].remote,
			.local = room[count].local,
			.began = (uint64_t)json_integer_value(json_object_get(job, "began")) };
		count++;
	}
	*ret = list;
	*ret_count = count;
	return HAWSER_OK;
}

int hawser_files_kept(hawser_context *ctx, const char *target, struct hawser_files_kept **ret,
		size_t *ret_count)
{
	char path[4400];
	struct hws_error err = { 0 };
	json_t *all;
	int r;

	*ret = NULL;
	*ret_count = 0;
	pthread_mutex_lock(&ctx->lock);
	all = place(ctx, path, sizeof(path)) ? load(path, &err) : json_array();
	pthread_mutex_unlock(&ctx->lock);
	if (!all)
		return api_fail(err.code, "%s", err.text);
	r = make_list(all, target, ret, ret_count);
	json_decref(all);
	return r < 0 ? api_fail(r, "out of memory") : HAWSER_OK;
}

void hawser_files_kept_free(struct hawser_files_kept *list)
{
	hws_free(list);
}
