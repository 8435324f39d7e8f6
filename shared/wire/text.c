/* ASCII only, whatever the locale is: an id means the same on every machine. */
#include "shared/wire/text.h"

#include "shared/wire/limits.h"

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

bool hws_id_valid(struct hws_bytes id)
{
	if (id.len < HWS_ID_MIN || id.len > HWS_ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		uint8_t c = id.ptr[i];

		if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}

bool hws_id_choosable(struct hws_bytes id)
{
	if (!hws_id_valid(id) || id.len > HWS_ID_NEW_MAX || !is_letter(id.ptr[0]))
		return false;
	return memchr(id.ptr, '.', id.len) == NULL;
}

bool hws_uuid_valid(struct hws_bytes uuid)
{
	if (uuid.len != 36)
		return false;
	for (size_t i = 0; i < uuid.len; i++) {
		uint8_t c = uuid.ptr[i];
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		bool hex = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

		if (dash ? c != '-' : !hex)
			return false;
	}
	return true;
}

bool hws_pair_id_valid(struct hws_bytes uuid)
{
	if (uuid.len == 0 || uuid.len > HWS_UUID_MAX)
		return false;
	for (size_t i = 0; i < uuid.len; i++)
		if (uuid.ptr[i] <= ' ' || uuid.ptr[i] > '~')
			return false;
	return true;
}

bool hws_machine_id_valid(struct hws_bytes uuid)
{
	return uuid.len > 0 && uuid.len <= HWS_UUID_MAX;
}
