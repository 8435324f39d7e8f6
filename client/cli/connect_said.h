/* cli/connect_said: what a host says within `hawser connect`, as lines on standard error. */
#pragma once
#include <hawser/hawser.h>
#include <stdbool.h>
#include <stddef.h>

/* Each line with whose it is: a stranger's must not pass for one of this program. */
void connect_said_chat(const char *text);
/* `ev` is a HAWSER_EVENT_MESSAGE. */
void connect_said_message(const struct hawser_event *ev);
void connect_said_host_recording(bool running);
/* `ev` is a HAWSER_EVENT_PATH; `path` is what it goes by from now on. */
void connect_said_path(const struct hawser_event *ev, char *path, size_t size);
/* `ev` is a HAWSER_EVENT_PRINT. */
void connect_said_print(const struct hawser_event *ev);
/* A line of figures; `path` of the connection, NULL: none yet. False: nobody gets it. */
bool connect_said_stats(const char *path, const struct hawser_stats *s, const char *kind);
/* What a user would not expect of a session that is called encrypted, and what to compare. */
void connect_said_host_key(enum hawser_encryption encryption, const char *text);
