/* base/log: structured log. An event has a stable name and typed fields; sinks escape values.
 * Thread-safe. Libraries log debug and below; programs report at their edges. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

enum hws_log_level { HWS_LOG_ERROR, HWS_LOG_WARN, HWS_LOG_INFO, HWS_LOG_DEBUG, HWS_LOG_TRACE };
enum hws_log_format {
	HWS_LOG_TEXT,
	HWS_LOG_JSON,
	HWS_LOG_JOURNAL,
	/* For a parent that adds time and name: the level as a digit, event, fields. */
	HWS_LOG_CHILD,
};

enum hws_field_type {
	HWS_FIELD_END,
	HWS_FIELD_STR,
	HWS_FIELD_U64,
	HWS_FIELD_I64,
	HWS_FIELD_ERR,
	HWS_FIELD_BOOL
};

struct hws_field {
	enum hws_field_type type;
	const char *key;
	union {
		const char *str;
		uint64_t u64;
		int64_t i64;
	} v;
};

/* Field constructors. No constructor takes a secret type, on purpose. */
#define HWS_STR(k, s) ((struct hws_field){ HWS_FIELD_STR, (k), { .str = (s) } })
#define HWS_U64(k, n) ((struct hws_field){ HWS_FIELD_U64, (k), { .u64 = (n) } })
#define HWS_I64(k, n) ((struct hws_field){ HWS_FIELD_I64, (k), { .i64 = (n) } })
#define HWS_BOOL(k, n) ((struct hws_field){ HWS_FIELD_BOOL, (k), { .u64 = (n) } })
/* A code of enum hws_err, shown by name. */
#define HWS_ERR(k, e) ((struct hws_field){ HWS_FIELD_ERR, (k), { .i64 = (e) } })

/* Process-wide set-up, before threads start. fd is usually 2. `program` is borrowed for ever. */
void hws_log_setup(const char *program, enum hws_log_format format, int fd);
/* May change at run time, from any thread. */
void hws_log_set_level(enum hws_log_level level);
enum hws_log_level hws_log_level(void);
int hws_log_level_parse(const char *s, enum hws_log_level *ret) HWS_MUST_CHECK;

/* Never waits long for who reads the log: what does not fit after 200 ms is lost, and counted in
 * the line "log.lost" as soon as there is room again.
 *
 * Events a stranger can trigger are limited to a burst of 20 and then 5 per second for each event
 * name; what is dropped is counted in a "suppressed" field of the next line. `limited` selects
 * that. */
void hws_log_event(enum hws_log_level level, bool limited, const char *event,
		const struct hws_field *fields);

#define hws_log_fields(...)                                                                        \
	((const struct hws_field[]){ __VA_ARGS__ __VA_OPT__(, ){ HWS_FIELD_END, NULL, { 0 } } })
#define hws_error_log(event, ...)                                                                  \
	hws_log_event(HWS_LOG_ERROR, false, event, hws_log_fields(__VA_ARGS__))
#define hws_warn(event, ...) hws_log_event(HWS_LOG_WARN, false, event, hws_log_fields(__VA_ARGS__))
#define hws_info(event, ...) hws_log_event(HWS_LOG_INFO, false, event, hws_log_fields(__VA_ARGS__))
#define hws_debug(event, ...)                                                                      \
	do {                                                                                       \
		if (hws_log_level() >= HWS_LOG_DEBUG)                                              \
			hws_log_event(HWS_LOG_DEBUG, false, event, hws_log_fields(__VA_ARGS__));   \
	} while (0)
#define hws_warn_limited(event, ...)                                                               \
	hws_log_event(HWS_LOG_WARN, true, event, hws_log_fields(__VA_ARGS__))
#define hws_info_limited(event, ...)                                                               \
	hws_log_event(HWS_LOG_INFO, true, event, hws_log_fields(__VA_ARGS__))

/* Prints "program: text" to standard error and exits with 1. Only before a program's loop
 * starts. */
void hws_die(const char *fmt, ...) HWS_PRINTF(1, 2) HWS_NORETURN;
