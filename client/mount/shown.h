/* mount/shown: the list as a file system: numbers of files, what is in a folder. Pure. */
#pragma once
#include "client/mount/list.h"
#include <sys/stat.h>
#include <time.h>

/* Number 1 is the folder at the top; entry i of the list is i + 2. */
#define HWS_SHOWN_TOP 1u
#define HWS_SHOWN_OF(index) ((uint64_t)(index) + 2)

struct hws_shown;

/* Keeps a reference of the list. */
int hws_shown_new(struct hws_clip_list *list, struct hws_shown **ret) HWS_MUST_CHECK;
void hws_shown_free(struct hws_shown *s); /* takes NULL */
/* NULL: no such number, or the top. */
const struct hws_clip_entry *hws_shown_entry(const struct hws_shown *s, uint64_t number);
/* False: no such number. */
bool hws_shown_stat(const struct hws_shown *s, uint64_t number, struct stat *ret);
/* The file of this name in a folder; 0: none. */
uint64_t hws_shown_find(const struct hws_shown *s, uint64_t folder, const char *name);
bool hws_shown_is_folder(const struct hws_shown *s, uint64_t number);
/* The i-th in a folder, counted from 0; 0: there are no more. */
uint64_t hws_shown_child(const struct hws_shown *s, uint64_t folder, uint64_t i);
/* The folder that a folder is in; of the top itself. */
uint64_t hws_shown_parent(const struct hws_shown *s, uint64_t folder);
uint64_t hws_shown_files(const struct hws_shown *s);
