/* Only in the build with MemorySanitizer: libraries that are built without it write memory that it
 * then takes for never written. The linker leads their functions through here (--wrap,
 * cmake/hws.cmake), where what they have written is noted. */
#include <event2/event.h>
#include <ini.h>
#include <protobuf-c/protobuf-c.h>
#include <sanitizer/msan_interface.h>
#include <sodium.h>
#include <zstd.h>

#define WROTE(at, n) __msan_unpoison((at), (n))
#define WRAP(type, name, args)                                                                     \
	type __real_##name args;                                                                   \
	type __wrap_##name args;                                                                   \
	type __wrap_##name args
typedef unsigned char u8;
typedef unsigned long long u64;

WRAP(int, crypto_box_easy,
		(u8 * c, const u8 *m, u64 n, const u8 *nonce, const u8 *pk, const u8 *sk))
{
	int r = __real_crypto_box_easy(c, m, n, nonce, pk, sk);

	WROTE(&r, sizeof(r));
	WROTE(c, n + crypto_box_MACBYTES);
	return r;
}

WRAP(int, crypto_box_open_easy,
		(u8 * m, const u8 *c, u64 n, const u8 *nonce, const u8 *pk, const u8 *sk))
{
	int r = __real_crypto_box_open_easy(m, c, n, nonce, pk, sk);

	WROTE(&r, sizeof(r));
	if (r == 0)
		WROTE(m, n - crypto_box_MACBYTES);
	return r;
}

WRAP(int, crypto_box_keypair, (u8 * pk, u8 *sk))
{
	int r = __real_crypto_box_keypair(pk, sk);

	WROTE(&r, sizeof(r));
	WROTE(pk, crypto_box_PUBLICKEYBYTES);
	WROTE(sk, crypto_box_SECRETKEYBYTES);
	return r;
}

WRAP(int, crypto_secretbox_easy, (u8 * c, const u8 *m, u64 n, const u8 *nonce, const u8 *k))
{
	int r = __real_crypto_secretbox_easy(c, m, n, nonce, k);

	WROTE(&r, sizeof(r));
	WROTE(c, n + crypto_secretbox_MACBYTES);
	return r;
}

WRAP(int, crypto_secretbox_open_easy, (u8 * m, const u8 *c, u64 n, const u8 *nonce, const u8 *k))
{
	int r = __real_crypto_secretbox_open_easy(m, c, n, nonce, k);

	WROTE(&r, sizeof(r));
	if (r == 0)
		WROTE(m, n - crypto_secretbox_MACBYTES);
	return r;
}

WRAP(int, crypto_sign_keypair, (u8 * pk, u8 *sk))
{
	int r = __real_crypto_sign_keypair(pk, sk);

	WROTE(&r, sizeof(r));
	WROTE(pk, crypto_sign_PUBLICKEYBYTES);
	WROTE(sk, crypto_sign_SECRETKEYBYTES);
	return r;
}

WRAP(int, crypto_sign_seed_keypair, (u8 * pk, u8 *sk, const u8 *seed))
{
	int r = __real_crypto_sign_seed_keypair(pk, sk, seed);

	WROTE(&r, sizeof(r));
	WROTE(pk, crypto_sign_PUBLICKEYBYTES);
	WROTE(sk, crypto_sign_SECRETKEYBYTES);
	return r;
}

WRAP(int, crypto_sign_detached, (u8 * sig, u64 *len, const u8 *m, u64 n, const u8 *sk))
{
	int r = __real_crypto_sign_detached(sig, len, m, n, sk);

	WROTE(&r, sizeof(r));
	WROTE(sig, crypto_sign_BYTES);
	if (len)
		WROTE(len, sizeof(*len));
	return r;
}

WRAP(int, crypto_sign_verify_detached, (const u8 *sig, const u8 *m, u64 n, const u8 *pk))
{
	int r = __real_crypto_sign_verify_detached(sig, m, n, pk);

	WROTE(&r, sizeof(r));
	return r;
}

WRAP(int, crypto_hash_sha256, (u8 * out, const u8 *in, u64 n))
{
	int r = __real_crypto_hash_sha256(out, in, n);

	WROTE(&r, sizeof(r));
	WROTE(out, crypto_hash_sha256_BYTES);
	return r;
}

WRAP(int, crypto_hash_sha256_init, (crypto_hash_sha256_state * s))
{
	int r = __real_crypto_hash_sha256_init(s);

	WROTE(&r, sizeof(r));
	WROTE(s, sizeof(*s));
	return r;
}

WRAP(int, crypto_hash_sha256_final, (crypto_hash_sha256_state * s, u8 *out))
{
	int r = __real_crypto_hash_sha256_final(s, out);

	WROTE(&r, sizeof(r));
	WROTE(out, crypto_hash_sha256_BYTES);
	return r;
}

WRAP(int, crypto_shorthash, (u8 * out, const u8 *in, u64 n, const u8 *k))
{
	int r = __real_crypto_shorthash(out, in, n, k);

	WROTE(&r, sizeof(r));
	WROTE(out, crypto_shorthash_BYTES);
	return r;
}

WRAP(int, crypto_shorthash_siphashx24, (u8 * out, const u8 *in, u64 n, const u8 *k))
{
	int r = __real_crypto_shorthash_siphashx24(out, in, n, k);

	WROTE(&r, sizeof(r));
	WROTE(out, crypto_shorthash_siphashx24_BYTES);
	return r;
}

WRAP(void, randombytes_buf, (void *buf, size_t n))
{
	__real_randombytes_buf(buf, n);
	WROTE(buf, n);
}

WRAP(uint32_t, randombytes_random, (void))
{
	uint32_t r = __real_randombytes_random();

	WROTE(&r, sizeof(r));
	return r;
}

WRAP(int, sodium_memcmp, (const void *a, const void *b, size_t n))
{
	int r = __real_sodium_memcmp(a, b, n);

	WROTE(&r, sizeof(r));
	return r;
}

WRAP(char *, sodium_bin2base64, (char *out, size_t max, const u8 *in, size_t n, int variant))
{
	char *r = __real_sodium_bin2base64(out, max, in, n, variant);

	WROTE(&r, sizeof(r));
	WROTE(out, max);
	return r;
}

WRAP(int, sodium_base642bin,
		(u8 * out, size_t max, const char *in, size_t n, const char *ignore, size_t *len,
				const char **end, int variant))
{
	int r = __real_sodium_base642bin(out, max, in, n, ignore, len, end, variant);

	WROTE(&r, sizeof(r));
	if (len) {
		WROTE(len, sizeof(*len));
		WROTE(out, *len);
	}
	if (end)
		WROTE(end, sizeof(*end));
	return r;
}

WRAP(size_t, protobuf_c_message_get_packed_size, (const ProtobufCMessage *m))
{
	size_t r = __real_protobuf_c_message_get_packed_size(m);

	WROTE(&r, sizeof(r));
	return r;
}

WRAP(size_t, protobuf_c_message_pack, (const ProtobufCMessage *m, uint8_t *out))
{
	size_t r = __real_protobuf_c_message_pack(m, out);

	WROTE(&r, sizeof(r));
	WROTE(out, r);
	return r;
}

WRAP(protobuf_c_boolean, protobuf_c_message_check, (const ProtobufCMessage *m))
{
	protobuf_c_boolean r = __real_protobuf_c_message_check(m);

	WROTE(&r, sizeof(r));
	return r;
}

/* What it builds lies in memory of our allocators: as they do not clear it, that is done here. */
static void *noted_alloc(void *arg, size_t n)
{
	const ProtobufCAllocator *a = arg;
	void *p = a->alloc(a->allocator_data, n);

	if (p)
		WROTE(p, n);
	return p;
}

static void noted_free(void *arg, void *p)
{
	const ProtobufCAllocator *a = arg;

	a->free(a->allocator_data, p);
}

WRAP(ProtobufCMessage *, protobuf_c_message_unpack,
		(const ProtobufCMessageDescriptor *d, ProtobufCAllocator *a, size_t n,
				const uint8_t *in))
{
	ProtobufCAllocator noted = { noted_alloc, noted_free, a };
	ProtobufCMessage *r = __real_protobuf_c_message_unpack(d, a ? &noted : NULL, n, in);

	WROTE(&r, sizeof(r));
	return r;
}

WRAP(size_t, ZSTD_decompress, (void *out, size_t max, const void *in, size_t n))
{
	size_t r = __real_ZSTD_decompress(out, max, in, n);

	WROTE(&r, sizeof(r));
	if (!ZSTD_isError(r))
		WROTE(out, r);
	return r;
}

WRAP(size_t, ZSTD_decompressStream, (ZSTD_DStream * s, ZSTD_outBuffer *out, ZSTD_inBuffer *in))
{
	size_t r = __real_ZSTD_decompressStream(s, out, in);

	WROTE(&r, sizeof(r));
	WROTE(&out->pos, sizeof(out->pos));
	WROTE(&in->pos, sizeof(in->pos));
	WROTE(out->dst, out->pos);
	return r;
}

WRAP(size_t, ZSTD_compress, (void *out, size_t max, const void *in, size_t n, int level))
{
	size_t r = __real_ZSTD_compress(out, max, in, n, level);

	WROTE(&r, sizeof(r));
	if (!ZSTD_isError(r))
		WROTE(out, r);
	return r;
}

struct pairs {
	ini_reader reader;
	void *stream;
	ini_handler handler;
	void *user;
};

/* Called by the library: neither their arguments nor what those point to are known to be
 * written. */
static char *noted_line(char *buf, int size, void *arg)
{
	const struct pairs *p;

	WROTE(&buf, sizeof(buf));
	WROTE(&size, sizeof(size));
	WROTE(&arg, sizeof(arg));
	p = arg;
	return p->reader(buf, size, p->stream);
}

static int noted_pair(void *arg, const char *section, const char *name, const char *value)
{
	const struct pairs *p;

	WROTE(&arg, sizeof(arg));
	WROTE(&section, sizeof(section));
	WROTE(&name, sizeof(name));
	WROTE(&value, sizeof(value));
	p = arg;
	__msan_unpoison_string(section);
	__msan_unpoison_string(name);
	if (value)
		__msan_unpoison_string(value);
	return p->handler(p->user, section, name, value);
}

WRAP(int, ini_parse_stream, (ini_reader reader, void *stream, ini_handler handler, void *user))
{
	struct pairs p = { reader, stream, handler, user };
	int r = __real_ini_parse_stream(noted_line, &p, noted_pair, &p);

	WROTE(&r, sizeof(r));
	return r;
}

/* Its own tables look unwritten to the system calls that it makes; what it calls of ours is looked
 * at as ever. */
WRAP(int, event_base_loop, (struct event_base * base, int flags))
{
	int r;

	__msan_scoped_disable_interceptor_checks();
	r = __real_event_base_loop(base, flags);
	__msan_scoped_enable_interceptor_checks();
	WROTE(&r, sizeof(r));
	return r;
}
