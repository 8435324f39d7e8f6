/* hawser-host audit: what was done at this host. Read from the files themselves, also while no host
 * runs; who may read the state folder may read them. Texts of others were made harmless when they
 * were written (host/audit_log), and are printed as they stand there. */
#include "client/host/audit_log.h"
#include "client/host/cmd_call.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include "shared/sys/private_log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SINCE_MAX 32

struct audit {
	bool as_json, follow;
	char since[SINCE_MAX]; /* the beginning of a time as lines have it; "" = all */
	char path[HWS_PRIVATE_LOG_PATH];
	unsigned long damaged;
};

static const char *text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

static void print_text(const json_t *o, const char *name, const char *before)
{
	if (*text_of(o, name))
		printf("%s%s", before, text_of(o, name));
}

static void print_number(const json_t *o, const char *name, const char *before, const char *after)
{
	json_int_t n = json_integer_value(json_object_get(o, name));

	if (n)
		printf("%s%" JSON_INTEGER_FORMAT "%s", before, n, after);
}

/* "2026-01-31T12:34:56Z files 3 file.read /home/anna/a 120 bytes: ok" */
static void print_line(const json_t *o)
{
	printf("%.19sZ", text_of(o, "time"));
	print_text(o, "event", " ");
	print_number(o, "conn", " conn ", "");
	print_text(o, "account", " as ");
	print_text(o, "name", " by ");
	print_text(o, "id", *text_of(o, "name") ? " (" : " by (");
	printf("%s", *text_of(o, "id") ? ")" : "");
	print_text(o, "peer", " at ");
	print_text(o, "kind", " for ");
	print_text(o, "path", " ");
	print_text(o, "second", " -> ");
	print_number(o, "bytes", ", ", " bytes");
	print_number(o, "count", " (", " times)");
	print_text(o, "result", ": ");
	putchar('\n');
}

static void take_line(struct audit *a, const char *line)
{
	json_t *o = json_loads(line, 0, NULL);

	if (!json_is_object(o)) {
		a->damaged++;
	} else if (strncmp(text_of(o, "time"), a->since, strlen(a->since)) >= 0) {
		if (a->as_json)
			printf("%s\n", line);
		else
			print_line(o);
	}
	json_decref(o);
}

/* Lines that have their end. What comes later of the last one is read then. */
static void take_lines(struct audit *a, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	long at = ftell(f);

	while ((n = getline(&line, &size, f)) > 0 && line[n - 1] == '\n') {
		line[n - 1] = 0;
		if (n > 1)
			take_line(a, line);
		at = ftell(f);
	}
	clearerr(f);
	if (at >= 0)
		(void)!fseek(f, at, SEEK_SET);
	free(line);
}

/* *ret: NULL when there is none. */
static int open_file(const struct audit *a, unsigned number, FILE **ret, struct hws_error *err)
{
	char path[HWS_PRIVATE_LOG_PATH + 16];
	int fd, r = hws_private_log_name(a->path, number, path, sizeof(path));

	*ret = NULL;
	if (r == HWS_OK)
		r = hws_private_file_open(path, HWS_PRIVATE_SECRET, &fd, err);
	if (r == HWS_ERR_NOTFOUND)
		return HWS_OK;
	if (r < 0)
		return r;
	*ret = fdopen(fd, "r");
	if (*ret)
		return HWS_OK;
	close(fd);
	return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
}

static bool was_put_aside(const struct audit *a, FILE *f)
{
	struct stat open_one, named;

	return fstat(fileno(f), &open_one) == 0 &&
			(stat(a->path, &named) < 0 || named.st_ino != open_one.st_ino ||
					named.st_dev != open_one.st_dev);
}

/* Until its reader has gone, or somebody ends it. */
static int follow(struct audit *a, FILE *f, struct hws_error *err)
{
	static const struct timespec pause = { 0, 200 * 1000000 };
	int r = HWS_OK;

	while (r == HWS_OK && fflush(stdout) == 0) {
		nanosleep(&pause, NULL);
		if (f && was_put_aside(a, f)) {
			take_lines(a, f); /* its last ones */
			fclose(f);
			f = NULL;
		}
		if (!f)
			r = open_file(a, 0, &f, err);
		if (f)
			take_lines(a, f);
	}
	if (f)
		fclose(f);
	return r;
}

static int print_all(struct audit *a, struct hws_error *err)
{
	FILE *f = NULL;
	int r = HWS_OK;

	for (unsigned i = HWS_AUDIT_KEEP + 1; r == HWS_OK && i-- > 0;) {
		r = open_file(a, i, &f, err);
		if (r == HWS_OK && f)
			take_lines(a, f);
		if (f && i) {
			fclose(f);
			f = NULL;
		}
	}
	if (r == HWS_OK && a->follow)
		return follow(a, f, err);
	if (f)
		fclose(f);
	return r;
}

/* "2h" ago, or the beginning of a time in UTC: "2026-01-31", "2026-01-31T12:34". */
static int parse_since(const char *text, char *buf, size_t size)
{
	static const char form[] = "0000-00-00T00:00:00";
	uint64_t us, now = hws_wall_us();
	size_t n = strlen(text);

	if (n && strchr(text, '-') == NULL) {
		if (hws_parse_duration_us(text, &us) < 0 || us > now)
			return HWS_ERR_INVAL;
		hws_wall_text(now - us, buf, size);
		return HWS_OK;
	}
	if (n && text[n - 1] == 'Z')
		n--;
	if (n < 10 || n >= sizeof(form) || n >= size)
		return HWS_ERR_INVAL;
	for (size_t i = 0; i < n; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (form[i] == '0' ? !digit : text[i] != form[i] && !(i == 10 && text[i] == ' '))
			return HWS_ERR_INVAL;
		buf[i] = form[i];
		if (digit)
			buf[i] = text[i];
	}
	buf[n] = 0;
	return HWS_OK;
}

/* Takes "--since TIME" out of the arguments. */
static int take_since(int *argc, char **argv, struct audit *a)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--since") != 0)
			continue;
		if (i + 1 == *argc || parse_since(argv[i + 1], a->since, sizeof(a->since)) < 0) {
			fprintf(stderr,
					HWS_HOST_PROGRAM
					": --since takes a time in UTC (2026-01-31, 2026-01-31T12:34) or "
					"how long ago (90s, 2h)\n");
			return HWS_CALL_USAGE;
		}
		memmove(argv + i, argv + i + 2, sizeof(*argv) * (size_t)(*argc - i - 1));
		*argc -= 2;
		return HWS_CALL_OK;
	}
	return HWS_CALL_OK;
}

int hws_cmd_audit(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct audit a = { 0 };
	struct hws_call c;
	struct hws_error err = { 0 };
	int status, r;

	if (hws_call_wants_help(argc, argv)) {
		printf("usage: " HWS_HOST_PROGRAM
		       " audit [--json] [--follow] [--since TIME] [OPTION...]\n"
		       "What was done at this host; --json: a line of JSON each, as it is stored; --follow: "
		       "go on with what\nhappens; --since: from that time in UTC on (2026-01-31, "
		       "2026-01-31T12:34), or so long ago (90s, 2h).\nhawser-host(8) has the options of "
		       "all commands.\n");
		return HWS_CALL_OK;
	}
	a.as_json = hws_call_flag(&argc, argv, "--json");
	a.follow = hws_call_flag(&argc, argv, "--follow");
	status = take_since(&argc, argv, &a);
	if (status == HWS_CALL_OK)
		status = hws_call_begin(&c, argc, argv, 0, 0);
	if (status != HWS_CALL_OK)
		return status;
	r = hws_fmt(a.path, sizeof(a.path), "%s/" HWS_AUDIT_FILE, c.s.state_dir);
	if (r == HWS_OK)
		r = print_all(&a, &err);
	if (r < 0)
		status = hws_call_fail(&err);
	if (a.damaged)
		fprintf(stderr, HWS_HOST_PROGRAM ": %lu damaged lines were passed over\n",
				a.damaged);
	hws_call_end(&c);
	return status;
}
