/* base/list: intrusive doubly linked list with a sentinel head. A zeroed node is "in no list". */
#pragma once
#include "shared/base/macros.h"
#include <stdbool.h>

struct hws_list {
	struct hws_list *prev, *next;
};

static inline void hws_list_init(struct hws_list *head)
{
	head->prev = head->next = head;
}

static inline bool hws_list_empty(const struct hws_list *head)
{
	return head->next == head;
}

static inline bool hws_list_linked(const struct hws_list *node)
{
	return node->next != NULL;
}

/* Adds at the end. The node must not be in a list. */
static inline void hws_list_push(struct hws_list *head, struct hws_list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* Harmless on a node that is in no list. */
static inline void hws_list_remove(struct hws_list *node)
{
	if (!node->next)
		return;
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->prev = node->next = NULL;
}

static inline struct hws_list *hws_list_first(struct hws_list *head)
{
	return head->next == head ? NULL : head->next;
}

/* `node` is a struct hws_list *; the _safe form allows removing the current node. */
#define hws_list_for(node, head)                                                                   \
	for ((node) = (head)->next; (node) != (head); (node) = (node)->next)
#define hws_list_for_safe(node, tmp, head)                                                         \
	for ((node) = (head)->next, (tmp) = (node)->next; (node) != (head);                        \
			(node) = (tmp), (tmp) = (node)->next)
