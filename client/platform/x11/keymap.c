/* The server's own tables are taken, rather than a compiled copy of them: which keys have nothing
 * at all, and which modifiers a key type looks at, is what typing and lending keys hang on. */
#include "client/platform/x11/keymap.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <xkbcommon/xkbcommon.h>

#define SYM_NUM_LOCK 0xff7fu
#define SYM_MODE_SWITCH 0xff7eu
#define SYM_LEVEL3_SHIFT 0xfe03u
#define SYM_LEVEL5_SHIFT 0xfe11u
#define SYM_SHIFT_L 0xffe1u
#define SYM_SHIFT_R 0xffe2u
#define SYM_VOID 0xffffffu
#define SYM_KEYPAD_FIRST 0xff80u /* KP_Space */
#define SYM_KEYPAD_LAST 0xffbdu  /* KP_Equal */

/* The number pad makes no characters here: what it gives hangs on Num Lock. */
static uint32_t char_of(xcb_keysym_t sym)
{
	if (!sym || (sym >= SYM_KEYPAD_FIRST && sym <= SYM_KEYPAD_LAST))
		return 0;
	return xkb_keysym_to_utf32(sym);
}

static int take_types(struct x11_keymap *m, const xcb_xkb_get_map_reply_t *r,
		const xcb_xkb_get_map_map_t *map)
{
	xcb_xkb_key_type_iterator_t it = xcb_xkb_get_map_map_types_rtrn_iterator(r, map);
	unsigned entries = 0, k = 0;

	for (; it.rem; xcb_xkb_key_type_next(&it))
		entries += it.data->nMapEntries;
	m->type = hws_alloc_array(HWS_MAX(r->nTypes, 1u), sizeof(*m->type));
	m->entry = hws_alloc_array(HWS_MAX(entries, 1u), sizeof(*m->entry));
	if (!m->type || !m->entry)
		return HWS_ERR_NOMEM;
	m->type_count = r->nTypes;
	it = xcb_xkb_get_map_map_types_rtrn_iterator(r, map);
	for (; it.rem; xcb_xkb_key_type_next(&it), k++) {
		const xcb_xkb_kt_map_entry_t *e = xcb_xkb_key_type_map(it.data);
		const xcb_xkb_mod_def_t *kept =
				it.data->hasPreserve ? xcb_xkb_key_type_preserve(it.data) : NULL;
		m->type[k] = (struct x11_type){ .mods = it.data->mods_mask,
			.levels = it.data->numLevels,
			.keeps_lock = it.data->hasPreserve,
			.first = (uint16_t)m->entry_count };
		for (unsigned n = 0; n < it.data->nMapEntries; n++) {
			if (!e[n].active) /* names a modifier that no key sets */
				continue;
			m->entry[m->entry_count++] = (struct x11_entry){ e[n].mods_mask, e[n].level,
				kept && (kept[n].mask & XCB_MOD_MASK_LOCK) };
			m->type[k].count++;
		}
	}
	return HWS_OK;
}

static int take_symbols(struct x11_keymap *m, const xcb_xkb_get_map_reply_t *r,
		const xcb_xkb_get_map_map_t *map)
{
	xcb_xkb_key_sym_map_iterator_t it = xcb_xkb_get_map_map_syms_rtrn_iterator(r, map);
	unsigned code = r->firstKeySym;

	m->sym = hws_alloc_array(HWS_MAX(r->totalSyms, 1u), sizeof(*m->sym));
	m->chr = hws_alloc_array(HWS_MAX(r->totalSyms, 1u), sizeof(*m->chr));
	if (!m->sym || !m->chr)
		return HWS_ERR_NOMEM;
	for (; it.rem && code < X11_KEYS; xcb_xkb_key_sym_map_next(&it), code++) {
		struct x11_key *k = &m->key[code];
		unsigned n = (unsigned)xcb_xkb_key_sym_map_syms_length(it.data);
		const xcb_keysym_t *sym = xcb_xkb_key_sym_map_syms(it.data);
		k->group_info = it.data->groupInfo;
		k->groups = (uint8_t)HWS_MIN(it.data->groupInfo & 0xfu, X11_GROUPS + 0u);
		k->width = it.data->width;
		k->first = m->sym_count;
		if ((unsigned)k->groups * k->width > n || m->sym_count + n > r->totalSyms)
			return HWS_ERR_DISPLAY;
		for (unsigned g = 0; g < X11_GROUPS; g++) {
			k->type[g] = it.data->kt_index[g];
			if (g < k->groups && k->type[g] >= m->type_count)
				return HWS_ERR_DISPLAY;
		}
		for (unsigned s = 0; s < n; s++) {
			m->chr[m->sym_count] = char_of(sym[s]);
			m->sym[m->sym_count++] = sym[s];
		}
		m->groups = HWS_MAX(m->groups, k->groups);
	}
	return HWS_OK;
}

static void take_rest(struct x11_keymap *m, const xcb_xkb_get_map_reply_t *r,
		const xcb_xkb_get_map_map_t *map)
{
	for (unsigned k = 0; k < r->nKeyActions && r->firstKeyAction + k < X11_KEYS; k++)
		m->key[r->firstKeyAction + k].acts = map->acts_rtrn_count[k] > 0;
	for (unsigned k = 0; k < r->totalKeyExplicit; k++)
		m->key[map->explicit_rtrn[k].keycode].explicit_parts =
				map->explicit_rtrn[k].explicit;
	for (unsigned k = 0; k < r->totalModMapKeys; k++)
		m->modmap[map->modmap_rtrn[k].keycode] = map->modmap_rtrn[k].mods;
}

static bool is_level_shift(xcb_keysym_t sym)
{
	return sym == SYM_LEVEL3_SHIFT || sym == SYM_LEVEL5_SHIFT || sym == SYM_SHIFT_L ||
			sym == SYM_SHIFT_R;
}

/* Which modifiers are safe to set for typing: those that mean nothing but another level. */
static void sort_modifiers(struct x11_keymap *m)
{
	uint8_t used = 0, meant = 0;

	for (unsigned code = m->min; code <= m->max; code++) {
		xcb_keysym_t sym = x11_keymap_sym(m, code, 0, 0);
		uint8_t mods = m->modmap[code];
		used |= mods;
		if (sym == SYM_NUM_LOCK)
			m->num_mask |= mods;
		if (!mods || !sym) /* a key without a symbol cannot be pressed by anybody */
			continue;
		if (!is_level_shift(sym)) {
			meant |= sym == SYM_MODE_SWITCH ? 0 : mods;
			continue;
		}
		for (unsigned b = 0; b < 8; b++)
			if (mods == 1u << b && !m->mod_key[b])
				m->mod_key[b] = (uint8_t)code;
	}
	m->level_mods = used & ~meant & ~(XCB_MOD_MASK_LOCK | XCB_MOD_MASK_CONTROL);
	m->free_mods = (uint8_t)~used & 0xf8; /* Mod1 to Mod5 */
	for (unsigned b = 0; b < 8; b++)
		if (!(m->level_mods >> b & 1))
			m->mod_key[b] = 0;
}

static int take(struct x11_keymap *m, const xcb_xkb_get_map_reply_t *r)
{
	xcb_xkb_get_map_map_t map;

	xcb_xkb_get_map_map_unpack(xcb_xkb_get_map_map(r), r->nTypes, r->nKeySyms, r->nKeyActions,
			r->totalActions, r->totalKeyBehaviors, r->virtualMods, r->totalKeyExplicit,
			r->totalModMapKeys, r->totalVModMapKeys, r->present, &map);
	m->min = r->minKeyCode;
	m->max = r->maxKeyCode;
	int err = take_types(m, r, &map);
	if (err == HWS_OK)
		err = take_symbols(m, r, &map);
	if (err < 0)
		return err;
	take_rest(m, r, &map);
	sort_modifiers(m);
	return HWS_OK;
}

int x11_keymap_load(struct x11_desktop *d, struct x11_keymap **ret)
{
	const uint16_t parts = XCB_XKB_MAP_PART_KEY_TYPES | XCB_XKB_MAP_PART_KEY_SYMS |
			XCB_XKB_MAP_PART_MODIFIER_MAP | XCB_XKB_MAP_PART_EXPLICIT_COMPONENTS |
			XCB_XKB_MAP_PART_KEY_ACTIONS;
	xcb_xkb_get_map_reply_t *r = xcb_xkb_get_map_reply(d->conn,
			xcb_xkb_get_map(d->conn, XCB_XKB_ID_USE_CORE_KBD, parts, 0, 0, 0, 0, 0, 0,
					0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
			NULL);
	struct x11_keymap *m = hws_alloc(sizeof(*m));
	int err = HWS_ERR_DISPLAY;

	x11_flush(d); /* the wait may have read events */
	if (!m)
		err = HWS_ERR_NOMEM;
	else if (r && (r->present & parts) == parts)
		err = take(m, r);
	free(r);
	if (err < 0)
		x11_keymap_free(m);
	else
		*ret = m;
	return err;
}

void x11_keymap_free(struct x11_keymap *m)
{
	if (!m)
		return;
	hws_free(m->sym);
	hws_free(m->chr);
	hws_free(m->type);
	hws_free(m->entry);
	hws_free(m);
}

unsigned x11_keymap_group(const struct x11_keymap *m, unsigned code, unsigned group)
{
	const struct x11_key *k = &m->key[code & 0xff];

	if (group < k->groups || k->groups == 0)
		return k->groups ? group : 0;
	switch (k->group_info >> 6) {
	case 0: /* wrap */
		return group % k->groups;
	case 1: /* clamp */
		return k->groups - 1u;
	default: /* redirect */
		return (k->group_info >> 4 & 3u) < k->groups ? k->group_info >> 4 & 3u : 0;
	}
}

xcb_keysym_t x11_keymap_sym(
		const struct x11_keymap *m, unsigned code, unsigned group, unsigned level)
{
	const struct x11_key *k = &m->key[code & 0xff];

	if (group >= k->groups || level >= k->width)
		return 0;
	return m->sym[k->first + group * k->width + level];
}

uint32_t x11_keymap_symbol(
		const struct x11_keymap *m, unsigned code, unsigned group, unsigned level)
{
	xcb_keysym_t sym = x11_keymap_sym(m, code, group, level);
	uint32_t cp = char_of(sym);

	if (cp)
		return cp < 0x100 ? cp : 0x1000000 | cp;
	return sym == SYM_VOID ? 0 : sym;
}

static const struct x11_entry *entry_of(
		const struct x11_keymap *m, const struct x11_type *t, uint8_t mods)
{
	for (unsigned k = 0; k < t->count; k++)
		if (m->entry[t->first + k].mods == (mods & t->mods))
			return &m->entry[t->first + k];
	return NULL;
}

static unsigned level_of(const struct x11_keymap *m, const struct x11_type *t, uint8_t mods)
{
	const struct x11_entry *e = entry_of(m, t, mods);

	return e ? e->level : 0;
}

xcb_keysym_t x11_keymap_now(const struct x11_keymap *m, unsigned code, unsigned group, uint8_t mods)
{
	unsigned g = x11_keymap_group(m, code, group);

	if (g >= m->key[code & 0xff].groups)
		return 0;
	return x11_keymap_sym(m, code, g, level_of(m, &m->type[m->key[code & 0xff].type[g]], mods));
}

/* Caps Lock that a key type leaves to the program: that makes a capital of a letter, each program
 * with a table of its own. */
static bool caps_turns(
		const struct x11_keymap *m, const struct x11_type *t, uint32_t cp, uint8_t mods)
{
	bool letter = (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') || cp >= 0x80;
	const struct x11_entry *e = entry_of(m, t, mods);

	return letter && (mods & XCB_MOD_MASK_LOCK) &&
			(!(t->mods & XCB_MOD_MASK_LOCK) || (e && e->keeps_lock));
}

static unsigned bits(unsigned v)
{
	return (unsigned)__builtin_popcount(v);
}

bool x11_keymap_way(const struct x11_keymap *m, unsigned type, unsigned level, uint8_t mods,
		uint8_t fixed, uint8_t *ret_mods)
{
	const struct x11_type *t = &m->type[type];
	/* What a shortcut or a light hangs on is left alone. */
	uint8_t free_bits = t->mods & (m->level_mods | XCB_MOD_MASK_SHIFT) & ~fixed;
	unsigned best = UINT32_MAX, sub = 0;

	do { /* all subsets of free_bits */
		uint8_t want = (uint8_t)((mods & t->mods & ~free_bits) | sub);
		unsigned cost = bits((want ^ mods) & t->mods);
		if (cost < best && level_of(m, t, want) == level) {
			best = cost;
			*ret_mods = want;
		}
		sub = (sub - free_bits) & free_bits;
	} while (sub);
	return best != UINT32_MAX;
}

bool x11_keymap_find(const struct x11_keymap *m, uint32_t sought, bool as_char, unsigned group,
		uint8_t mods, uint8_t fixed, struct x11_stroke *ret)
{
	unsigned best = UINT32_MAX;

	for (unsigned code = m->min; code <= m->max; code++) {
		const struct x11_key *k = &m->key[code];
		unsigned g = x11_keymap_group(m, code, group);
		if (g >= k->groups)
			continue;
		const struct x11_type *t = &m->type[k->type[g]];
		for (unsigned level = 0; level < HWS_MIN(t->levels + 0u, k->width + 0u); level++) {
			uint32_t at = k->first + g * k->width + level;
			uint8_t want;
			if ((as_char ? m->chr[at] : m->sym[at]) != sought ||
					!x11_keymap_way(m, k->type[g], level, mods, fixed, &want) ||
					caps_turns(m, t, m->chr[at], want | (mods & ~t->mods)))
				continue;
			unsigned cost = bits((want ^ mods) & t->mods);
			if (cost >= best)
				continue;
			best = cost;
			*ret = (struct x11_stroke){ (uint8_t)code, (uint8_t)group, t->mods, want };
		}
	}
	return best != UINT32_MAX;
}

bool x11_keymap_find_key(const struct x11_keymap *m, uint32_t want, bool as_char, unsigned group,
		struct x11_stroke *ret)
{
	unsigned best = UINT32_MAX;

	for (unsigned n = 0; n < HWS_MAX(m->groups, 1u); n++) {
		unsigned active = n == 0 ? group : n <= group ? n - 1 : n;
		for (unsigned code = m->min; code <= m->max; code++) {
			const struct x11_key *k = &m->key[code];
			unsigned g = x11_keymap_group(m, code, active);
			for (unsigned level = 0; g < k->groups && level < k->width; level++) {
				uint32_t at = k->first + g * k->width + level;
				if (level >= best || (as_char ? m->chr[at] : m->sym[at]) != want)
					continue;
				best = level;
				*ret = (struct x11_stroke){ (uint8_t)code, (uint8_t)active, 0, 0 };
			}
		}
		if (best != UINT32_MAX)
			return true;
	}
	return false;
}
