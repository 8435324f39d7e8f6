/* conf/option: one table per program gives the parser of file, environment and command line,
 * `--help`, the man page's option list and `config show`. Precedence: flag > environment > file >
 * default. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hws_opt_type {
	HWS_OPT_BOOL,
	HWS_OPT_U16,
	HWS_OPT_U32,
	HWS_OPT_U64,
	HWS_OPT_SIZE,
	HWS_OPT_DURATION,
	HWS_OPT_STR,
	HWS_OPT_PATH,
	HWS_OPT_ENUM
};

#define HWS_OPT_RELOAD 1u /* may change on SIGHUP */
/* never printed; not accepted on the command line; NAME_FILE in the environment names a file with
 * the value */
#define HWS_OPT_SECRET 2u
#define HWS_OPT_HIDDEN 4u    /* not in --help */
#define HWS_OPT_FLAG_ONLY 8u /* not in the file (e.g. --config) */
#define HWS_OPT_BARE                                                                               \
	16u /* in the file also in front of the first section (files of other programs) */

/* Targets: bool, uint16_t, uint32_t, uint64_t (size in bytes, duration in microseconds), char *
 * (owned, never NULL after hws_options_init), int for ENUM (index into choices). */
struct hws_option {
	const char *section; /* INI section, "" = before any */
	const char *name;    /* INI key = long flag = last part of the environment name */
	char letter;         /* short flag or 0 */
	enum hws_opt_type type;
	size_t offset;       /* offsetof(struct x_config, field) */
	const char *def;     /* default as text; every default must parse */
	uint64_t min, max;   /* for numbers; 0,0 = whole range of the type */
	const char *choices; /* ENUM: "a|b|c" */
	unsigned flags;
	const char *arg;  /* shown in help: "PORT" */
	const char *help; /* one sentence */
	/* Further flag/env/file names, of other programs: comma separated, NULL = none. */
	const char *aliases;
};

/* A name of the environment that images of other programs have for one of our settings. Read where
 * HAWSER_CONTAINER says yes, before our own names, which go over it; there an alias of the same
 * name is not looked at. */
struct hws_env_name {
	const char *name;   /* "ENCRYPTED_ONLY" */
	const char *option; /* ours; NULL: there is none, `text` says why or what to use */
	/* NULL: taken as it is. Else *ret is what is stored, which may be in buf, and *option may
	 * become another of ours. */
	int (*convert)(const char *value, char *buf, size_t size, const char **option,
			const char **ret);
	const char *takes; /* for the error when it cannot be converted: "0 or 1" */
	/* Not NULL: NAME_FILE is understood, too; and this file, when neither is set and it is
	 * there ("" = none). */
	const char *file;
	const char *text;
};

struct hws_options {
	const char *program;    /* "hawser-relay" */
	const char *env_prefix; /* "HAWSER_RELAY_": name upper-cased, '-' to '_' */
	const char *usage;      /* synopsis lines for --help */
	const char *about;      /* paragraph for --help */
	const struct hws_option *table;
	size_t count;
	/* May be NULL: values that are taken over from elsewhere (the environment of another
	 * program), over the defaults and under the file. */
	void (*adopt)(void *cfg);
	bool part; /* of another program's settings: what else its file says is passed over */
	const struct hws_env_name *others;
	size_t others_count;
};

/* Sets all defaults (frees nothing: cfg is raw memory). */
int hws_options_init(const struct hws_options *o, void *cfg) HWS_MUST_CHECK;
/* Frees owned strings (wipes secrets). */
void hws_options_done(const struct hws_options *o, void *cfg);
/* All of a program's settings in their order: defaults, file, environment, command line. `cfg` is
 * raw memory before, and after an error. The file is the one of --config, else of the environment
 * (PREFIX_CONFIG); one that is named must be there. Else it is `usual` (NULL or "" = none), which
 * may be missing. What is there and cannot be read is an error that says which chown and chmod to
 * run. The table must have an option "config"; its field is the path afterwards. As
 * hws_options_args otherwise. */
int hws_options_load(const struct hws_options *o, void *cfg, const char *usual, int argc,
		char **argv, int *ret_rest, struct hws_error *err) HWS_MUST_CHECK;
/* The same for a program that is to make the file: also one that is named may be missing. */
int hws_options_load_new(const struct hws_options *o, void *cfg, const char *usual, int argc,
		char **argv, int *ret_rest, struct hws_error *err) HWS_MUST_CHECK;
/* For a reload: what cannot change while the program runs keeps in `fresh` the value it has in
 * `running`, as that stays in force: options without HWS_OPT_RELOAD, and those of the comma list
 * `also`. The names of those that differed go to `names` ("port, threads"; "" = none; cut to the
 * buffer). HWS_ERR_NOMEM: only a part was kept. */
int hws_options_keep(const struct hws_options *o, void *fresh, const void *running,
		const char *also, char *names, size_t size) HWS_MUST_CHECK;
/* INI file; unknown section or key is an error with line number; a missing file is
 * HWS_ERR_NOTFOUND. */
int hws_options_file(const struct hws_options *o, void *cfg, const char *path,
		struct hws_error *err) HWS_MUST_CHECK;
/* The text of the file `path` (one that is missing is empty) with one value changed, or taken out
 * (NULL), goes to `out`, whose cap is that of the file; comments, order and all other lines stay as
 * they are. The value is written as it is: whether it parses, the caller sees by hws_options_text.
 * May hold secrets: wipe `out`. HWS_ERR_NOTFOUND: no such option; HWS_ERR_INVAL: it does not belong
 * in the file, or the value has control characters. */
int hws_options_edit(const struct hws_options *o, const char *path, const char *name,
		const char *value, struct hws_buf *out, struct hws_error *err) HWS_MUST_CHECK;
/* Whether both structs hold the same value of one option, secrets too; false for no such option. */
bool hws_options_same(const struct hws_options *o, const void *a, const void *b, const char *name);
/* As hws_options_file from memory (fuzzing, tests). */
int hws_options_text(const struct hws_options *o, void *cfg, const char *name,
		struct hws_bytes text, struct hws_error *err) HWS_MUST_CHECK;
/* A name that is set to nothing is not set. */
int hws_options_env(const struct hws_options *o, void *cfg, struct hws_error *err) HWS_MUST_CHECK;
/* A `convert` for RUST_LOG: a level, also of a filter such as "warn,hbbs=debug" the first that
 * stands alone. */
int hws_options_rust_log(
		const char *value, char *buf, size_t size, const char **option, const char **ret);
/* A `convert` for a switch that says the contrary of ours. */
int hws_options_invert(
		const char *value, char *buf, size_t size, const char **option, const char **ret);
/* Says in the log which names of other programs were taken, and which have no counterpart. */
void hws_options_env_log(const struct hws_options *o);
/* Parses `--name value`, `--name=value`, `-x value`; `--flag` / `--no-flag` for BOOL. Stops at the
 * first argument that is no option, or after "--"; its index is returned in *ret_rest. */
int hws_options_args(const struct hws_options *o, void *cfg, int argc, char **argv, int *ret_rest,
		struct hws_error *err) HWS_MUST_CHECK;
/* One value by name, as `config set` would. */
int hws_options_set(const struct hws_options *o, void *cfg, const char *name, const char *value,
		struct hws_error *err) HWS_MUST_CHECK;
/* Current value as text; secrets as "(set)" / "(not set)". */
int hws_options_get(const struct hws_options *o, const void *cfg, const char *name, char *buf,
		size_t size) HWS_MUST_CHECK;
void hws_options_help(const struct hws_options *o, struct hws_buf *out);
/* INI text with comments; what `config show` prints. */
void hws_options_show(const struct hws_options *o, const void *cfg, struct hws_buf *out);
/* To standard output: the help, or with `cfg` what hws_options_show gives. Exit status: 1 when it
 * could not be written. */
int hws_options_print(const struct hws_options *o, const void *cfg);
/* mdoc list items for the man page. */
void hws_options_man(const struct hws_options *o, struct hws_buf *out);
