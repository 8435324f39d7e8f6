/* What of SQLite is left out of the small static file. Debian's library is an archive of its
 * parts; each part is found from one table of starters, and one of these that stands here keeps
 * the part itself out: the searches in texts and in boxes (some 300 KiB) and, with SQL's sines
 * and roots, the library of mathematics (as much again). No statement of ours uses them. */
#include <math.h>
#include <stdlib.h>

struct sqlite3;
int sqlite3Fts3Init(struct sqlite3 *db);
int sqlite3Fts5Init(struct sqlite3 *db);
int sqlite3RtreeInit(struct sqlite3 *db);
int sqlite3DbstatRegister(struct sqlite3 *db);

/* 0 is SQLITE_OK: the part has started, with no functions. */
#define PART(name)                                                                                 \
	int name(struct sqlite3 *db)                                                               \
	{                                                                                          \
		(void)db;                                                                          \
		return 0;                                                                          \
	}

PART(sqlite3Fts3Init)
PART(sqlite3Fts5Init)
PART(sqlite3RtreeInit)
PART(sqlite3DbstatRegister)

/* Whoever comes to need one of these in a server shall notice at once. */
#define NUMBER(name)                                                                               \
	double name(double x)                                                                      \
	{                                                                                          \
		(void)x;                                                                           \
		abort();                                                                           \
	}
#define NUMBERS(name)                                                                              \
	double name(double x, double y)                                                            \
	{                                                                                          \
		(void)x;                                                                           \
		(void)y;                                                                           \
		abort();                                                                           \
	}

NUMBER(acos)
NUMBER(acosh)
NUMBER(asin)
NUMBER(asinh)
NUMBER(atan)
NUMBER(atanh)
NUMBER(cos)
NUMBER(cosh)
NUMBER(exp)
NUMBER(log)
NUMBER(log10)
NUMBER(log2)
NUMBER(sin)
NUMBER(sinh)
NUMBER(sqrt)
NUMBER(tan)
NUMBER(tanh)
NUMBER(trunc)
NUMBERS(atan2)
NUMBERS(fmod)
NUMBERS(pow)
