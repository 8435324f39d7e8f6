/* admin/secret: passwords and tokens, from a file, standard input or the terminal; never from the
 * command line, where other users of the machine can read them. */
#pragma once
#include "shared/base/err.h"
#include <stddef.h>

/* The longest there are, with NUL: passwords of 1024 characters of up to four bytes. */
#define ADM_SECRET_TEXT 4097

/* The first line of the file, "-" = standard input, without its line end. A file that others can
 * read is refused. The caller wipes buf. HWS_ERR_TOOBIG, HWS_ERR_INVAL (empty, no UTF-8). */
int adm_secret_file(const char *path, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* Asks on the terminal, without showing what is typed. HWS_ERR_NOTFOUND: there is none. */
int adm_secret_ask(
		const char *prompt, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* The same twice, until both are equal, three times at most. */
int adm_secret_ask_new(
		const char *prompt, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* A password of 20 letters and digits that are not mistaken for each other. */
void adm_secret_make(char buf[21]);
