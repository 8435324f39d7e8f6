/* clipfiles/formats: the names and numbers of the clipboard's messages (spec services 3.1). */
#pragma once
#include "shared/base/str.h"

/* Ids are the owner's own choice; these are those of deployed Unix programs. */
#define HWS_CLIP_FORMAT_LIST 49334
#define HWS_CLIP_FORMAT_LIST_NAME "FileGroupDescriptorW"
#define HWS_CLIP_FORMAT_CONTENTS 49267
#define HWS_CLIP_FORMAT_CONTENTS_NAME "FileContents"

enum { HWS_CLIP_OK = 1, HWS_CLIP_FAILED = 2 };          /* msg_flags */
enum { HWS_CLIP_ASK_SIZE = 1, HWS_CLIP_ASK_RANGE = 2 }; /* dw_flags */

/* A list of HWS_CLIP_ENTRIES_MAX descriptors, and what fits into one message. */
#define HWS_CLIP_LIST_BYTES_MAX ((16u << 20) - 4096u)
#define HWS_CLIP_RANGE_MAX ((16u << 20) - 4096u)

/* Paths as they are told to people: UTF-8 without anything that commands a terminal, cut. */
#define HWS_CLIP_SHOWN_PATH 1024u
static inline char *hws_clip_shown_path(char *buf, const char *path)
{
	return hws_str_escape(buf, HWS_CLIP_SHOWN_PATH, hws_bytes_str(path));
}
