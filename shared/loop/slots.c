/* An id holds the generation of its slot, so one that outlived its object finds nothing, not the
 * next object there. */
#include "shared/loop/slots.h"

#include "shared/base/mem.h"

#define NONE UINT32_MAX
#define FIRST_SIZE 16u

struct hws_slot {
	void *obj;           /* NULL = free */
	uint32_t generation; /* of the object now or last in it; starts at 1, so an id is never 0 */
	uint32_t next_free;
};

static uint64_t make_id(uint32_t generation, uint32_t index)
{
	return (uint64_t)generation << 32 | index;
}

void hws_slots_init(struct hws_slots *s, uint32_t max)
{
	*s = (struct hws_slots){ .max = max, .free_head = NONE };
}

void hws_slots_done(struct hws_slots *s)
{
	hws_free(s->slot);
	*s = (struct hws_slots){ .max = s->max, .free_head = NONE };
}

static int grow(struct hws_slots *s)
{
	uint32_t size = s->size ? s->size : FIRST_SIZE / 2;
	struct hws_slot *slot;

	if (s->size >= s->max)
		return HWS_ERR_FULL;
	size = size > s->max / 2 ? s->max : size * 2;
	slot = hws_realloc_array(s->slot, size, sizeof(*slot));
	if (!slot)
		return HWS_ERR_NOMEM;
	s->slot = slot;
	/* chained so that low indices are used first */
	for (uint32_t i = size; i-- > s->size;) {
		slot[i] = (struct hws_slot){ .generation = 1, .next_free = s->free_head };
		s->free_head = i;
	}
	s->size = size;
	return HWS_OK;
}

int hws_slots_add(struct hws_slots *s, void *obj, uint64_t *ret_id)
{
	struct hws_slot *slot;
	uint32_t index;

	if (s->free_head == NONE) {
		int r = grow(s);

		if (r < 0)
			return r;
	}
	index = s->free_head;
	slot = &s->slot[index];
	s->free_head = slot->next_free;
	slot->obj = obj;
	s->used++;
	*ret_id = make_id(slot->generation, index);
	return HWS_OK;
}

static struct hws_slot *find(const struct hws_slots *s, uint64_t id)
{
	uint32_t index = (uint32_t)id;

	if (index >= s->size || !s->slot[index].obj ||
			s->slot[index].generation != (uint32_t)(id >> 32))
		return NULL;
	return &s->slot[index];
}

void *hws_slots_get(const struct hws_slots *s, uint64_t id)
{
	struct hws_slot *slot = find(s, id);

	return slot ? slot->obj : NULL;
}

void hws_slots_remove(struct hws_slots *s, uint64_t id)
{
	struct hws_slot *slot = find(s, id);

	if (!slot)
		return;
	slot->obj = NULL;
	if (++slot->generation == 0)
		slot->generation = 1;
	slot->next_free = s->free_head;
	s->free_head = (uint32_t)id;
	s->used--;
}
