/* chat/chat_text: what one person writes to the other, made fit to be read at the end where it
 * arrives. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Room for a readable text of so many bytes as they came. */
#define HWS_CHAT_ROOM(bytes) (4u * (bytes) + 1u)

/* Writes foreign text for people: lines stay lines, a tab is a blank; what else is no character to
 * be read (controls, changes of the writing direction, invalid UTF-8) becomes \xNN. Of more than
 * (size - 1) / 4 bytes, as in HWS_CHAT_ROOM, the beginning is taken, in whole characters; then
 * false. */
bool hws_chat_readable(char *buf, size_t size, const char *text);
/* Is there anything to read in it? */
bool hws_chat_is_blank(const char *text);
