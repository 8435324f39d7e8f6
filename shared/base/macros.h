/* base/macros: the few macros every module may use. */
#pragma once
#include <stddef.h>

#define HWS_MUST_CHECK __attribute__((warn_unused_result))
#define HWS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define HWS_NORETURN __attribute__((noreturn))
#define HWS_UNUSED __attribute__((unused))

/* Number of elements of an array (not of a pointer). */
#define HWS_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* From a pointer to a member back to the struct that embeds it. */
#define hws_container(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define HWS_MIN(a, b)                                                                              \
	({                                                                                         \
		typeof(a) min_a = (a);                                                             \
		typeof(b) min_b = (b);                                                             \
		min_a < min_b ? min_a : min_b;                                                     \
	})
#define HWS_MAX(a, b)                                                                              \
	({                                                                                         \
		typeof(a) max_a = (a);                                                             \
		typeof(b) max_b = (b);                                                             \
		max_a > max_b ? max_a : max_b;                                                     \
	})
