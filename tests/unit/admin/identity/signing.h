/* Signs as providers do, and as those do who would like to be one. Whatever does not work ends the
 * test. */
#pragma once
#include <jansson.h>

struct signer;

/* "RSA", "RSA-1024" or "EC" (P-256). */
struct signer *signer_new(const char *kind, const char *kid);
void signer_free(struct signer *s);
/* As a key of a JWK set; new. */
json_t *signer_public(const struct signer *s);
/* The public key as text (SubjectPublicKeyInfo would be one of several forms that attackers try);
 * malloc'ed. */
char *signer_pem(const struct signer *s);
/* A token (malloc'ed); kid NULL = says none; claims NULL: a word that is no JSON object; `more`:
 * further members of the head, may be NULL. */
char *signer_sign(const struct signer *s, const char *alg, const char *kid, const json_t *claims,
		const json_t *more);
/* A token without a signature, that says so by this algorithm. */
char *unsigned_token(const char *alg, const json_t *claims);
/* HS256 with this secret. */
char *mac_token(const char *secret, const json_t *claims);
