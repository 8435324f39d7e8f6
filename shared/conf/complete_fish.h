/* conf/complete_fish: the words as fish wants them. */
#pragma once
#include "shared/conf/complete_items.h"

/* `list` is room to work in; `id` is the program's name as that of a function. */
void complete_fish(const struct hws_complete *c, const char *id, struct complete_list *list,
		struct hws_buf *out);
