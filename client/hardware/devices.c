/* See devices.h. The key is made of names, sizes and times of what would be loaded and opened: of
 * these something changes with every update of a driver, also between two starts of the machine. */
#include "client/hardware/devices.h"
#include "shared/base/str.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#define FILES_MAX 512u /* of a folder that are looked at */

struct sum {
	uint64_t h;
};

static void add(struct sum *s, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		s->h = (s->h ^ b[i]) * 0x100000001b3ull; /* FNV-1a: nobody gains by a collision */
}

static void add_text(struct sum *s, const char *text)
{
	add(s, text ? text : "", text ? strlen(text) + 1 : 1);
}

static void add_stat(struct sum *s, int folder, const char *path)
{
	struct stat st;

	if (fstatat(folder, path, &st, 0) < 0)
		return;
	const int64_t facts[] = { (int64_t)st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
		(int64_t)st.st_rdev };
	add(s, facts, S_ISCHR(st.st_mode) ? sizeof(int64_t) : sizeof(facts));
	if (S_ISCHR(st.st_mode))
		add(s, &facts[3], sizeof(facts[3]));
}

static void add_file(struct sum *s, const char *path)
{
	char text[128];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : 0;

	if (fd >= 0)
		close(fd);
	add(s, text, n > 0 ? (size_t)n : 0);
}

/* In no order of its own: sums of the names are added up. */
static void add_folder(struct sum *s, const char *path)
{
	DIR *d = opendir(path);
	uint64_t all = 0;
	unsigned n = 0;

	for (struct dirent *e; d && n < FILES_MAX && (e = readdir(d)); n++) {
		struct sum one = { 0 };
		if (e->d_name[0] == '.')
			continue;
		add_text(&one, e->d_name);
		add_stat(&one, dirfd(d), e->d_name);
		all += one.h;
	}
	if (d)
		closedir(d);
	add(s, &all, sizeof(all));
}

static void add_folders(struct sum *s, const char *list)
{
	char one[PATH_MAX];

	add_text(s, list);
	for (const char *p = list; p && *p;) {
		size_t n = strcspn(p, ":");
		if (n && n < sizeof(one)) {
			memcpy(one, p, n);
			one[n] = 0;
			add_folder(s, one);
		}
		p += n + (p[n] == ':');
	}
}

/* The kernel's driver behind a device, with its version where it has one. */
static void add_driver(struct sum *s, const char *path)
{
	char link[PATH_MAX], target[PATH_MAX];
	struct stat st;

	if (stat(path, &st) < 0 ||
			hws_fmt(link, sizeof(link), "/sys/dev/char/%u:%u/device/driver",
					major(st.st_rdev), minor(st.st_rdev)) < 0)
		return;
	ssize_t n = readlink(link, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = 0;
	const char *name = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	static const char *const facts[] = { "version", "srcversion" };

	add_text(s, name);
	for (size_t i = 0; i < HWS_COUNT(facts); i++)
		if (hws_fmt(link, sizeof(link), "/sys/module/%s/%s", name, facts[i]) == HWS_OK)
			add_file(s, link);
}

void hws_hw_devices_key(
		const struct hws_hw_devices *d, const char *program, char ret[HWS_HW_KEY_LEN + 1])
{
	struct sum s = { 0xcbf29ce484222325ull };
	const char *drivers = getenv("LIBVA_DRIVERS_PATH");
	struct utsname u;

	add_text(&s, HAWSER_VERSION);
	add_file(&s, "/proc/sys/kernel/random/boot_id");
	if (uname(&u) == 0)
		add_text(&s, u.release);
	add_stat(&s, AT_FDCWD, program);
	add_stat(&s, AT_FDCWD, HAWSER_HWCODEC_LIBRARIES);
	add_folders(&s, drivers ? drivers : HAWSER_HWCODEC_DRIVERS);
	add_text(&s, getenv("LIBVA_DRIVER_NAME"));
	for (unsigned i = 0; i < d->count; i++) {
		add_text(&s, d->device[i].backend);
		add_text(&s, d->device[i].path);
		add_stat(&s, AT_FDCWD, d->device[i].path);
		add_driver(&s, d->device[i].path);
	}
	snprintf(ret, HWS_HW_KEY_LEN + 1, "%016llx", (unsigned long long)s.h);
}

int hws_hw_choice_of(const char *word, enum hws_hw_choice *ret)
{
	*ret = hws_str_equal(word, "auto")           ? HWS_HW_AUTO
			: hws_str_equal(word, "off") ? HWS_HW_OFF
						     : HWS_HW_DEVICE;
	return *ret != HWS_HW_DEVICE || (word[0] == '/' && strlen(word) < 108 && !strchr(word, ' '))
			? HWS_OK
			: HWS_ERR_INVAL;
}

static void put(struct hws_hw_devices *d, const char *backend, const char *path)
{
	if (d->count < HWS_HW_DEVICES_MAX &&
			hws_str_copy(d->device[d->count].path, sizeof(d->device[0].path), path) ==
					HWS_OK)
		d->device[d->count++].backend = backend;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_folder(struct hws_hw_devices *d, const char *backend, const char *folder,
		const char *prefix)
{
	char name[HWS_HW_DEVICES_MAX][108], *sorted[HWS_HW_DEVICES_MAX];
	DIR *dir = opendir(folder);
	size_t n = 0;

	for (struct dirent *e; dir && n < HWS_COUNT(name) && (e = readdir(dir));)
		if (hws_str_starts(e->d_name, prefix) && !strchr(e->d_name, ' ') &&
				hws_fmt(name[n], sizeof(name[n]), "%s/%s", folder, e->d_name) ==
						HWS_OK) {
			sorted[n] = name[n];
			n++;
		}
	if (dir)
		closedir(dir);
	qsort(sorted, n, sizeof(sorted[0]), by_path);
	for (size_t i = 0; i < n; i++)
		put(d, backend, sorted[i]);
}

void hws_hw_devices_find(const char *word, struct hws_hw_devices *ret)
{
	enum hws_hw_choice choice;

	*ret = (struct hws_hw_devices){ 0 };
	if (hws_hw_choice_of(word, &choice) < 0 || choice == HWS_HW_OFF)
		return;
	if (choice == HWS_HW_DEVICE) {
		put(ret, hws_str_starts(word, "/dev/video") ? "v4l2" : "vaapi", word);
		return;
	}
	put_folder(ret, "vaapi", "/dev/dri", "renderD");
	put_folder(ret, "v4l2", "/dev", "video");
}
