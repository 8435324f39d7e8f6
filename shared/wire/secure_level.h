/* wire/secure_level: how well a session is protected, in the one wording that users, logs and
 * scripts read. */
#pragma once

/* In order: a higher one is better. */
enum hws_secure_level {
	HWS_LEVEL_PLAIN, /* everybody on the way reads and writes */
	HWS_LEVEL_V1, /* the deployed scheme: one key and one row of nonces for both directions */
	HWS_LEVEL_V2  /* docs/protocol-v2.md */
};

/* For people: "not encrypted", "encrypted, RustDesk 1.x scheme: a relay operator can attack it",
 * "end-to-end encrypted (hawser v2)". Any number; never NULL. */
const char *hws_secure_level_text(enum hws_secure_level level);
/* For JSON and settings: "none", "v1", "v2". */
const char *hws_secure_level_word(enum hws_secure_level level);
