/* The words for how well a session is protected: one place, so that no surface says more than is
 * true. */
#include "shared/wire/secure_level.h"

static const char *const words[] = { "none", "v1", "v2" };
static const char *const texts[] = {
	[HWS_LEVEL_PLAIN] = "not encrypted",
	[HWS_LEVEL_V1] = "encrypted, RustDesk 1.x scheme: a relay operator can attack it",
	[HWS_LEVEL_V2] = "end-to-end encrypted (hawser v2)",
};

const char *hws_secure_level_text(enum hws_secure_level level)
{
	return level <= HWS_LEVEL_V2 ? texts[level] : texts[HWS_LEVEL_PLAIN];
}

const char *hws_secure_level_word(enum hws_secure_level level)
{
	return level <= HWS_LEVEL_V2 ? words[level] : words[HWS_LEVEL_PLAIN];
}
