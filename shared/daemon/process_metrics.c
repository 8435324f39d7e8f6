/* All of it is read where the kernel has it when somebody asks: nothing is counted for it. */
#include "shared/daemon/process_metrics.h"

#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct hws_process_metrics {
	struct hws_process_metrics_conf conf;
	char *state_dir;
	char build[128]; /* labels */
	double start;    /* Unix seconds */
};

static double one(void *arg HWS_UNUSED)
{
	return 1;
}

static double start_time(void *arg)
{
	const struct hws_process_metrics *p = arg;

	return p->start;
}

static double cpu(void *arg HWS_UNUSED)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) < 0)
		return 0;
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
			(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* The second number of statm: pages in memory. */
static double resident(void *arg HWS_UNUSED)
{
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[128], *second;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	second = strchr(text, ' ');
	return second ? (double)strtoull(second, NULL, 10) * (double)sysconf(_SC_PAGESIZE) : 0;
}

/* Since Linux 6.2 the folder's size is their number; before, they are counted. */
static double descriptors(void *arg HWS_UNUSED)
{
	struct stat st;
	double n = 0;
	DIR *d;

	if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
		return (double)st.st_size;
	d = opendir("/proc/self/fd");
	if (!d)
		return 0;
	for (const struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n - 1; /* that of the folder */
}

static double descriptors_max(void *arg HWS_UNUSED)
{
	struct rlimit r;

	return getrlimit(RLIMIT_NOFILE, &r) == 0 ? (double)r.rlim_cur : 0;
}

static double wall_clock(void *arg HWS_UNUSED)
{
	return (double)hws_wall_us() / 1e6;
}

static double certificate(void *arg)
{
	const struct hws_process_metrics *p = arg;

	return (double)p->conf.certificate_ends(p->conf.arg);
}

static bool disk(const struct hws_process_metrics *p, struct statvfs *ret)
{
	return statvfs(p->state_dir, ret) == 0;
}

static double disk_free(void *arg)
{
	struct statvfs v;

	return disk(arg, &v) ? (double)v.f_bavail * (double)v.f_frsize : 0;
}

static double disk_size(void *arg)
{
	struct statvfs v;

	return disk(arg, &v) ? (double)v.f_blocks * (double)v.f_frsize : 0;
}

static const struct {
	enum hws_metric_type type;
	const char *name, *help;
	double (*fn)(void *arg);
} of_process[] = {
	{ HWS_GAUGE, "process_start_time_seconds", "When this process started, Unix time.",
			start_time },
	{ HWS_COUNTER, "process_cpu_seconds_total", "Processor time of all threads.", cpu },
	{ HWS_GAUGE, "process_resident_memory_bytes", "Memory in use.", resident },
	{ HWS_GAUGE, "process_open_fds", "Descriptors open.", descriptors },
	{ HWS_GAUGE, "process_max_fds", "Descriptors that may be open.", descriptors_max },
	{ HWS_GAUGE, "hawser_clock_seconds", "The clock of this machine, Unix time.", wall_clock },
}, of_disk[] = {
	{ HWS_GAUGE, "hawser_state_free_bytes", "Room left where the state folder is.", disk_free },
	{ HWS_GAUGE, "hawser_state_size_bytes", "Size of the file system of the state folder.",
			disk_size },
};

static int add_rows(struct hws_metrics *m, struct hws_process_metrics *p)
{
	int r = hws_fmt(p->build, sizeof(p->build), "program=\"%s\",version=\"%s\"",
			p->conf.program, HAWSER_VERSION);

	if (r == HWS_OK)
		r = hws_metrics_add_fn(m, HWS_GAUGE, "hawser_build_info", p->build,
				"1; the labels tell what runs here.", one, p);
	for (size_t i = 0; i < HWS_COUNT(of_process) && r == HWS_OK; i++)
		r = hws_metrics_add_fn(m, of_process[i].type, of_process[i].name, NULL,
				of_process[i].help, of_process[i].fn, p);
	for (size_t i = 0; p->state_dir && i < HWS_COUNT(of_disk) && r == HWS_OK; i++)
		r = hws_metrics_add_fn(m, of_disk[i].type, of_disk[i].name, NULL, of_disk[i].help,
				of_disk[i].fn, p);
	if (r == HWS_OK && p->conf.certificate_ends)
		r = hws_metrics_add_fn(m, HWS_GAUGE, "hawser_certificate_ends_seconds", NULL,
				"When the TLS certificate in force ends, Unix time; 0 without one.",
				certificate, p);
	return r;
}

int hws_process_metrics_new(struct hws_metrics *m, const struct hws_process_metrics_conf *conf,
		struct hws_process_metrics **ret)
{
	struct hws_process_metrics *p = hws_alloc(sizeof(*p));
	int r = HWS_ERR_NOMEM;

	if (!p)
		return r;
	p->conf = *conf;
	p->start = (double)hws_wall_us() / 1e6;
	if (conf->state_dir) {
		p->state_dir = hws_strdup(conf->state_dir);
		if (!p->state_dir)
			goto out;
	}
	r = add_rows(m, p);
	if (r < 0)
		goto out;
	*ret = p;
	return HWS_OK;
out:
	hws_process_metrics_free(p);
	return r;
}

void hws_process_metrics_free(struct hws_process_metrics *p)
{
	if (!p)
		return;
	hws_free(p->state_dir);
	hws_free(p);
}
