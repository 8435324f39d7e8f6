/* wire/text: what ids and uuids of the protocol may look like. Pure checks. */
#pragma once
#include "shared/base/bytes.h"
#include <stdbool.h>

/* An id somebody registers or asks for: HWS_ID_MIN..HWS_ID_MAX letters, digits, '-', '_' or '.':
 * wider than what users may choose, for the ids of deployed peers. No '@', no blanks, no control
 * characters. */
bool hws_id_valid(struct hws_bytes id);
/* An id a user may choose: a letter, then 5..15 letters, digits, '_' or '-'. */
bool hws_id_choosable(struct hws_bytes id);
/* A hyphenated hexadecimal UUID (36 characters), any case. */
bool hws_uuid_valid(struct hws_bytes uuid);
/* A pair id of a relay: 1..HWS_UUID_MAX printable ASCII characters (deployed relays take any
 * text). */
bool hws_pair_id_valid(struct hws_bytes uuid);
/* A machine id of RegisterPk: 1..HWS_UUID_MAX bytes of any kind (mobile peers send a raw key). */
bool hws_machine_id_valid(struct hws_bytes uuid);
