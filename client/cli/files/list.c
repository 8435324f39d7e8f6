/* Lists that outlive the event they came with, and the lines that scripts read. */
#include "client/cli/files/run.h"
#include "shared/base/mem.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void files_list_done(struct files_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		hws_free(l->entry[i].name);
	hws_free(l->entry);
	hws_free(l->path);
	*l = (struct files_list){ 0 };
}

bool files_list_add(struct files_list *l, const char *name, const struct hawser_file *from)
{
	struct files_entry *e;

	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		e = hws_realloc_array(l->entry, room, sizeof(*e));
		if (!e)
			return false;
		l->entry = e;
		l->room = room;
	}
	e = &l->entry[l->count];
	*e = (struct files_entry){ .name = hws_strdup(name),
		.kind = from->kind,
		.hidden = from->hidden,
		.bytes = from->bytes,
		.modified = from->modified,
		.modified_ns = from->modified_ns,
		.mode = from->mode };
	l->count += e->name != NULL;
	return e->name != NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct files_entry *)a)->name, ((const struct files_entry *)b)->name);
}

void files_list_sort(struct files_list *l)
{
	if (l->count > 1)
		qsort(l->entry, l->count, sizeof(*l->entry), by_name);
}

void files_json_begin(const char *event)
{
	printf("{\"event\":");
	session_front_json_text(event);
}

void files_json_text(const char *name, const char *value)
{
	printf(",\"%s\":", name);
	session_front_json_text(value);
}

void files_json_number(const char *name, uint64_t value)
{
	printf(",\"%s\":%" PRIu64, name, value);
}

void files_json_bool(const char *name, bool value)
{
	printf(",\"%s\":%s", name, value ? "true" : "false");
}

void files_json_end(void)
{
	puts("}");
	fflush(stdout);
}
