/* sys/libc_calls: system calls that glibc has a function for and musl does not, which routers have
 * for their C library. */
#pragma once
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* Closes each descriptor from `first` to `last`. Async-signal-safe. */
static inline int hws_close_range(unsigned first, unsigned last)
{
#ifdef __GLIBC__
	return close_range(first, last, 0);
#else
	return (int)syscall(SYS_close_range, first, last, 0u);
#endif
}

/* Fails with EEXIST where there is a file of that name. */
static inline int hws_rename_fresh(const char *from, const char *to)
{
#ifdef __GLIBC__
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
#else
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
#endif
}
