/* Spare keys of the keyboard map that lend themselves to characters which the layout lacks. */
#include "client/platform/x11/lend.h"
#include "client/platform/x11/guard.h"
#include "client/platform/x11/reader.h"
#include "client/platform/x11/sweep.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xkbcommon/xkbcommon.h>

#define SPARE_MAX 64
#define LEVELS 8
#define OWN_MAX 256 /* changes whose events may be under way */

struct place {
	uint32_t cp; /* 0 = free */
	uint64_t used;
};

struct spare {
	uint8_t code;
	bool lent, dirty;
	struct place place[LEVELS];
};

struct x11_lend {
	struct x11_desktop *d;
	const struct x11_keymap *map; /* of the last look */
	xcb_window_t owner;           /* marks our keys; dies with our connection */
	struct spare spare[SPARE_MAX];
	unsigned count;
	uint8_t type; /* of lent keys */
	/* that can be reached with Caps Lock on and off; a place is an index here */
	uint8_t level[LEVELS];
	unsigned levels;
	uint64_t turn, settled;
	unsigned own[OWN_MAX]; /* sequence numbers of our changes, a ring */
	uint64_t own_head, own_tail;
	struct x11_guard *guard;
};

/* --- the pool --- */

static struct spare *spare_of(const struct x11_lend *l, unsigned code)
{
	for (unsigned k = 0; k < l->count; k++)
		if (l->spare[k].code == code)
			return (struct spare *)&l->spare[k];
	return NULL;
}

bool x11_lend_is_ours(const struct x11_lend *l, unsigned code)
{
	return spare_of(l, code) != NULL;
}

unsigned x11_lend_room(const struct x11_lend *l)
{
	return l->count * l->levels;
}

bool x11_lend_any(const struct x11_lend *l)
{
	for (unsigned k = 0; k < l->count; k++)
		if (l->spare[k].lent)
			return true;
	return false;
}

static bool is_blank(const struct x11_keymap *m, unsigned code)
{
	return !m->key[code].groups && !m->key[code].width && !m->key[code].acts &&
			!m->key[code].explicit_parts && !m->modmap[code];
}

/* Still as we made it. */
static bool holds(const struct x11_lend *l, const struct x11_keymap *m, const struct spare *s)
{
	const struct x11_key *k = &m->key[s->code];

	if (k->groups != 1 || k->type[0] != l->type || !k->acts || l->type >= m->type_count)
		return false;
	for (unsigned n = 0; n < l->levels; n++) {
		uint32_t cp = s->place[n].cp;
		if (cp && x11_keymap_sym(m, s->code, 0, l->level[n]) != xkb_utf32_to_keysym(cp))
			return false;
	}
	return true;
}

/* Levels of a key type that can be had whatever Caps Lock is, and without a light or a shortcut
 * changing. */
static unsigned levels_of(const struct x11_keymap *m, unsigned type, uint8_t level[LEVELS])
{
	const struct x11_type *t = &m->type[type];
	const uint8_t safe = (m->level_mods | XCB_MOD_MASK_SHIFT | XCB_MOD_MASK_LOCK);
	unsigned n = 0;
	uint8_t mods;

	/* A type that does not look at Caps Lock leaves it to programs, which make capitals
	 * then. */
	if (!(t->mods & XCB_MOD_MASK_LOCK) || (t->mods & ~safe) || t->keeps_lock)
		return 0;
	for (unsigned k = 0; k < t->levels && n < LEVELS; k++)
		if (x11_keymap_way(m, type, k, 0, 0, &mods) &&
				x11_keymap_way(m, type, k, XCB_MOD_MASK_LOCK, 0, &mods))
			level[n++] = (uint8_t)k;
	return n;
}

/* Of the types that the map has the one with the most levels: more places for characters. Types of
 * our own could be added but not removed again. The type ALPHABETIC is in every map. */
static void choose_type(struct x11_lend *l, const struct x11_keymap *m)
{
	uint8_t level[LEVELS];

	l->levels = 0;
	for (unsigned k = 0; k < m->type_count; k++) {
		unsigned n = levels_of(m, k, level);
		bool wider = m->type[k].levels >= m->type[l->type].levels;
		if (n < l->levels || (n == l->levels && (n == 0 || wider)))
			continue;
		l->type = (uint8_t)k;
		l->levels = n;
		memcpy(l->level, level, sizeof(level));
	}
}

void x11_lend_look(struct x11_lend *l, const struct x11_keymap *m)
{
	struct spare old[SPARE_MAX];
	unsigned had = l->count;
	/* Keys of Japanese and Brazilian keyboards, and others that exist: last. */
	static const uint8_t real[] = { 97, 103, 120, 132, 93, 8 };

	memcpy(old, l->spare, sizeof(old));
	l->map = m;
	l->count = 0;
	for (unsigned k = 0; k < had; k++)
		if (old[k].lent && holds(l, m, &old[k]))
			l->spare[l->count++] = old[k];
	if (l->count == 0)
		choose_type(l, m);
	/* High codes first: they are the least likely on a real keyboard. */
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned code = m->max; code >= m->min && l->count < SPARE_MAX; code--) {
			bool late = memchr(real, (int)code, sizeof(real)) != NULL;
			if (late == (pass == 1) && is_blank(m, code) && !spare_of(l, code))
				l->spare[l->count++] = (struct spare){ .code = (uint8_t)code };
		}
}

/* --- places --- */

static bool way_to(const struct x11_lend *l, unsigned place, uint8_t mods, uint8_t fixed,
		uint8_t *ret_mods)
{
	return x11_keymap_way(l->map, l->type, l->level[place], mods, fixed, ret_mods);
}

bool x11_lend_find(struct x11_lend *l, uint32_t cp, uint8_t mods, uint8_t fixed,
		struct x11_stroke *ret)
{
	for (unsigned p = 0; p < l->levels; p++)
		for (unsigned k = 0; k < l->count; k++)
			if (l->spare[k].place[p].cp == cp &&
					way_to(l, p, mods, fixed, &ret->mods)) {
				ret->code = l->spare[k].code;
				ret->place = (uint8_t)p;
				ret->group = 0;
				ret->mask = l->map->type[l->type].mods;
				return true;
			}
	return false;
}

int x11_lend_take(struct x11_lend *l, uint32_t codepoint, uint8_t mods, uint8_t fixed)
{
	struct place *best = NULL;
	struct spare *of = NULL;
	bool busy = false;
	uint8_t unused;

	/* Free ones before others, plain levels before those that need modifiers; then the
	 * oldest. */
	for (unsigned n = 0; n < l->levels; n++) {
		if (!way_to(l, n, mods, fixed, &unused))
			continue;
		for (unsigned k = 0; k < l->count; k++) {
			struct place *p = &l->spare[k].place[n];
			if (p->cp && p->used > l->settled) {
				busy = true;
				continue;
			}
			if (best && (!best->cp || (p->cp && p->used >= best->used)))
				continue;
			best = p;
			of = &l->spare[k];
		}
	}
	if (!best)
		return busy ? HWS_ERR_AGAIN : HWS_ERR_NOTFOUND;
	*best = (struct place){ .cp = codepoint, .used = ++l->turn };
	of->dirty = true;
	return HWS_OK;
}

void x11_lend_used(struct x11_lend *l, const struct x11_stroke *s)
{
	struct spare *of = spare_of(l, s->code);

	if (of && s->place < LEVELS)
		of->place[s->place].used = ++l->turn;
}

void x11_lend_settled(struct x11_lend *l)
{
	l->settled = l->turn;
}

/* --- the map --- */

static void own(struct x11_lend *l, unsigned sequence)
{
	l->own[l->own_head++ % OWN_MAX] = sequence;
	if (l->own_head - l->own_tail > OWN_MAX)
		l->own_tail = l->own_head - OWN_MAX;
}

bool x11_lend_is_own_event(const struct x11_lend *l, const xcb_generic_event_t *e)
{
	/* Events of a request bear its number, those of others' changes that of a later request:
	 * the server was ours alone until that. */
	for (uint64_t k = l->own_head; k-- > l->own_tail;)
		if (l->own[k % OWN_MAX] == e->full_sequence)
			return true;
	return false;
}

/* The keys from the first to the last that are to be told. */
static bool range_of(const struct x11_lend *l, unsigned *ret_first, unsigned *ret_last)
{
	*ret_first = X11_KEYS;
	*ret_last = 0;
	for (unsigned k = 0; k < l->count; k++)
		if (l->spare[k].dirty) {
			*ret_first = HWS_MIN(*ret_first, l->spare[k].code + 0u);
			*ret_last = HWS_MAX(*ret_last, l->spare[k].code + 0u);
		}
	return *ret_last > 0;
}

struct request { /* for a range of keys */
	uint8_t *bytes;
	size_t len, total;
};

static void put(struct request *q, const void *p, size_t n)
{
	memcpy(q->bytes + q->len, p, n);
	q->len += n;
}

static void put_spare(const struct x11_lend *l, const struct spare *s, struct request *q)
{
	unsigned width = l->map->type[l->type].levels;
	xcb_xkb_key_sym_map_t head = { .kt_index = { l->type, l->type, l->type, l->type },
		.groupInfo = 1,
		.width = (uint8_t)width,
		.nSyms = (uint16_t)width };

	put(q, &head, sizeof(head));
	for (unsigned level = 0; level < width; level++) {
		xcb_keysym_t sym = 0;
		for (unsigned p = 0; p < l->levels; p++)
			if (l->level[p] == level && s->place[p].cp)
				sym = xkb_utf32_to_keysym(s->place[p].cp);
		put(q, &sym, sizeof(sym));
	}
	q->total += width;
}

/* What the server has now in a range of keys. */
struct present {
	xcb_xkb_get_map_reply_t *r; /* NULL on failure */
	xcb_xkb_get_map_map_t map;
};

static struct present look_at(struct x11_lend *l, unsigned first, unsigned last)
{
	const uint16_t what = XCB_XKB_MAP_PART_KEY_SYMS | XCB_XKB_MAP_PART_KEY_ACTIONS;
	uint8_t count = (uint8_t)(last - first + 1);
	struct present p = { .r = xcb_xkb_get_map_reply(l->d->conn,
					     xcb_xkb_get_map(l->d->conn, XCB_XKB_ID_USE_CORE_KBD, 0,
							     what, 0, 0, (uint8_t)first, count,
							     (uint8_t)first, count, 0, 0, 0, 0, 0,
							     0, 0, 0, 0),
					     NULL) };

	if (p.r &&
			(p.r->firstKeySym != first || p.r->nKeySyms != count ||
					p.r->firstKeyAction != first ||
					p.r->nKeyActions != count)) {
		free(p.r);
		p.r = NULL;
	}
	if (p.r)
		xcb_xkb_get_map_map_unpack(xcb_xkb_get_map_map(p.r), p.r->nTypes, p.r->nKeySyms,
				p.r->nKeyActions, p.r->totalActions, p.r->totalKeyBehaviors,
				p.r->virtualMods, p.r->totalKeyExplicit, p.r->totalModMapKeys,
				p.r->totalVModMapKeys, p.r->present, &p.map);
	return p;
}

static void send_syms(struct x11_lend *l, const struct present *p, struct request *q)
{
	xcb_xkb_key_sym_map_iterator_t it = xcb_xkb_get_map_map_syms_rtrn_iterator(p->r, &p->map);
	uint8_t min = (uint8_t)l->map->min;

	q->len = q->total = 0;
	for (unsigned code = p->r->firstKeySym; it.rem; xcb_xkb_key_sym_map_next(&it), code++) {
		const struct spare *s = spare_of(l, code);
		if (s && s->dirty) {
			put_spare(l, s, q);
			continue;
		}
		put(q, it.data, sizeof(*it.data) + it.data->nSyms * sizeof(xcb_keysym_t));
		q->total += it.data->nSyms;
	}
	own(l,
			xcb_xkb_set_map(l->d->conn, XCB_XKB_ID_USE_CORE_KBD,
					XCB_XKB_MAP_PART_KEY_SYMS, 0, min, (uint8_t)l->map->max, 0,
					0, p->r->firstKeySym, p->r->nKeySyms, (uint16_t)q->total,
					min, 0, 0, min, 0, 0, min, 0, 0, min, 0, 0, min, 0, 0, 0,
					q->bytes)
					.sequence);
}

static bool wants_mark(const struct x11_lend *l, unsigned code)
{
	const struct spare *s = spare_of(l, code);

	return s && s->dirty && !s->lent;
}

static void send_marks(struct x11_lend *l, const struct present *p, struct request *q)
{
	const uint8_t *action = (const uint8_t *)p->map.acts_rtrn_acts, *from = action;
	uint8_t width = l->map->type[l->type].levels, min = (uint8_t)l->map->min;
	uint8_t mark[8], none[4] = { 0 };

	x11_sweep_mark(l->owner, mark);
	q->len = q->total = 0;
	for (unsigned k = 0; k < p->r->nKeyActions; k++)
		put(q,
				wants_mark(l, p->r->firstKeyAction + k)
						? &width
						: &p->map.acts_rtrn_count[k],
				1);
	put(q, none, -q->len & 3); /* to whole words */
	for (unsigned k = 0; k < p->r->nKeyActions; k++) {
		uint8_t n = p->map.acts_rtrn_count[k];
		if (wants_mark(l, p->r->firstKeyAction + k)) {
			for (unsigned level = 0; level < width; level++)
				put(q, mark, sizeof(mark));
			q->total += width;
		} else {
			put(q, from, 8u * n);
			q->total += n;
		}
		from += 8u * n;
	}
	own(l,
			xcb_xkb_set_map(l->d->conn, XCB_XKB_ID_USE_CORE_KBD,
					XCB_XKB_MAP_PART_KEY_ACTIONS, 0, min, (uint8_t)l->map->max,
					0, 0, min, 0, 0, p->r->firstKeyAction, p->r->nKeyActions,
					(uint16_t)q->total, min, 0, 0, min, 0, 0, min, 0, 0, min, 0,
					0, 0, q->bytes)
					.sequence);
}

/* One request for all of it, so that programs hear of one change and read the map once. A request
 * is for a range of keys; those between stay as the server has them at this moment. Keys that are
 * new among the lent get their marks, too. */
static bool send_dirty(struct x11_lend *l)
{
	bool marks = false;
	unsigned first, last;

	if (!range_of(l, &first, &last))
		return false;
	size_t width = l->map->type[l->type].levels, count = last - first + 1;
	struct present p = look_at(l, first, last);
	struct request q = {
		.bytes = p.r ? hws_alloc(count * (sizeof(xcb_xkb_key_sym_map_t) + 12 * width + 1) +
					       4u * p.r->totalSyms + 8u * p.r->totalActions + 4)
			     : NULL
	};
	if (q.bytes) {
		for (unsigned code = first; code <= last; code++)
			marks = marks || wants_mark(l, code);
		send_syms(l, &p, &q);
		if (marks)
			send_marks(l, &p, &q);
		for (unsigned k = 0; k < l->count; k++)
			if (l->spare[k].dirty) {
				l->spare[k].lent = true;
				l->spare[k].dirty = false;
			}
	}
	bool sent = q.bytes != NULL;
	free(p.r);
	hws_free(q.bytes);
	return sent;
}

bool x11_lend_commit(struct x11_lend *l)
{
	unsigned first, last;

	if (!range_of(l, &first, &last))
		return false;
	if (!l->guard && x11_guard_new(l->d->display, &l->guard) < 0)
		hws_warn_limited("x11.no_keyboard_guard");
	xcb_grab_server(l->d->conn);
	bool sent = send_dirty(l);
	if (sent)
		x11_reader_mark(l->d->conn, (uint8_t)first);
	xcb_ungrab_server(l->d->conn);
	x11_flush(l->d);
	return sent;
}

void x11_lend_return(struct x11_lend *l)
{
	bool any = x11_lend_any(l);

	for (unsigned k = 0; k < l->count; k++) {
		l->spare[k].lent = l->spare[k].dirty = false;
		memset(l->spare[k].place, 0, sizeof(l->spare[k].place));
	}
	if (any)
		x11_sweep(l->d->conn, l->owner);
	x11_guard_free(l->guard);
	l->guard = NULL;
}

int x11_lend_new(struct x11_desktop *d, struct x11_lend **ret)
{
	struct x11_lend *l = hws_alloc(sizeof(*l));

	if (!l)
		return HWS_ERR_NOMEM;
	l->d = d;
	l->owner = x11_sweep_owner_new(d->conn, d->screen);
	/* Our own, too: the server may have given us the number of one that died. */
	x11_sweep(d->conn, l->owner);
	x11_sweep_held(d->conn);
	*ret = l;
	return HWS_OK;
}

void x11_lend_free(struct x11_lend *l)
{
	if (!l)
		return;
	if (!l->d->lost && !xcb_connection_has_error(l->d->conn))
		x11_lend_return(l);
	x11_guard_free(l->guard);
	hws_free(l);
}
