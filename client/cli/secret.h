/* cli/secret: where a password comes from: standard input, a private file, the environment, the
 * terminal. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define CLI_SECRET_MAX 1024

/* First line of a descriptor, which may be empty; ret_any: there was one. Returns 0, or an exit
 * status after a message. */
int cli_secret_line(int fd, const char *what, char *ret_secret, size_t size, bool *ret_any);
/* The same; an empty one is a mistake. */
int cli_secret_fd(int fd, const char *what, char *ret_secret, size_t size);
/* Refuses files that others may read. */
int cli_secret_file(const char *path, char *ret_secret, size_t size);
/* Takes HAWSER_PASSWORD out of the environment; false if there is none. */
bool cli_secret_env(char *ret_secret, size_t size);
/* By the first of these ways that was chosen: standard input, a file ("" = none), the environment,
 * which may have none (*ret_have). Returns 0, or an exit status after a message. */
int cli_secret_given(
		bool from_stdin, const char *file, char *ret_secret, size_t size, bool *ret_have);
/* Asks on the terminal, without echo; false if there is none or nothing was typed. */
bool cli_secret_ask(const char *prompt, char *ret_secret, size_t size);
/* The same; gives up when `stop` (a descriptor, -1 = none) becomes readable: Ctrl+C, where signals
 * come by one. */
bool cli_secret_ask_unless(int stop, const char *prompt, char *ret_secret, size_t size);
/* A question with its reason, the answer shown as it is typed. Control characters of `title` and
 * `text` are the caller's to have made harmless. */
bool cli_question(int stop, const char *title, const char *text, const char *prompt,
		char *ret_answer, size_t size);
