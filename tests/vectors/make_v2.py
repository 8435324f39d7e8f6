#!/usr/bin/env python3
"""Writes v2.json: an example of each step of docs/protocol-v2.md.

A second implementation, written after that text and sharing nothing with the programs but libsodium. All that is
drawn at random otherwise comes from a seed here, so the file is the same each time."""
import ctypes, ctypes.util, hashlib, json, os, struct, sys

na = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
assert na.sodium_init() >= 0


def call(name, size, *args):
    out = ctypes.create_string_buffer(size)
    if getattr(na, name)(out, *args) != 0:
        raise ValueError(name)
    return out.raw


def u32(x): return struct.pack("<I", x)
def u64(x): return struct.pack("<Q", x)
def lp(x): return u32(len(x)) + x
def blake(label, parts, size=32, key=b""):
    return hashlib.blake2b(lp(label.encode()) + b"".join(map(lp, parts)), digest_size=size, key=key).digest()
def B(label, *parts): return blake(label, parts)
def B512(label, *parts): return blake(label, parts, 64)
def BK(key, label, *parts): return blake(label, parts, 32, key)
def drawn(name): return hashlib.sha256(b"hawser vectors " + name.encode()).digest()


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])
def num(field, n): return varint(field << 3) + varint(n) if n else b""
def byts(field, b): return varint(field << 3 | 2) + varint(len(b)) + b


def sign_pair(seed):
    pk, sk = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
    assert na.crypto_sign_seed_keypair(pk, sk, seed) == 0
    return pk.raw, sk.raw
def sign(sk, m):
    return call("crypto_sign_detached", 64, None, m, ctypes.c_ulonglong(len(m)), sk) + m
def x_pair(sk): return call("crypto_scalarmult_base", 32, sk), sk
def x_agree(sk, pk): return call("crypto_scalarmult", 32, sk, pk)
def box(plain, pk, sk):
    return call("crypto_box_easy", len(plain) + 16, plain, ctypes.c_ulonglong(len(plain)), bytes(24), pk, sk)
def aead(key, n, inner):
    return call("crypto_aead_chacha20poly1305_ietf_encrypt", len(inner) + 16, None, inner, ctypes.c_ulonglong(len(inner)),
                None, ctypes.c_ulonglong(0), None, u64(n) + u32(0), key)


# --- handshake
v = {}
v["server_seed"], v["host_seed"] = drawn("server"), drawn("host")
server_pk, server_sk = sign_pair(v["server_seed"])
host_pk, host_sk = sign_pair(v["host_seed"])
v["server_pk"], v["host_pk"] = server_pk, host_pk
e_h, e_h_sk = x_pair(drawn("e_h"))
e_v, e_v_sk = x_pair(drawn("e_v"))
nonce_h, nonce_v, secret = drawn("nonce_h"), drawn("nonce_v"), drawn("secret")
v.update(e_h=e_h, e_h_sk=e_h_sk, e_v=e_v, e_v_sk=e_v_sk, nonce_h=nonce_h, nonce_v=nonce_v, secret=secret)
host_id = b"123456789"
statement = sign(server_sk, byts(1, host_id) + byts(2, host_pk) + byts(1001, num(1, 2)))
caps = num(1, 2) + byts(2, nonce_h) + num(3, 1) + byts(4, host_pk) + num(5, 3)
signed = sign(host_sk, byts(1, host_id) + byts(2, e_h) + byts(1001, caps))
statement_hash = B("hawser v2 statement", statement)
seen = B("hawser v2 seen", statement_hash, signed)
viewer_caps = num(1, 2) + num(2, 0) + num(3, 3) + byts(4, statement_hash)
sealed = box(secret + nonce_v + seen + viewer_caps, e_h, e_v_sk)
v.update(statement=statement, signed_id=signed, statement_hash=statement_hash, seen=seen, box=sealed)
v["signed_id_message"] = byts(3, byts(1, signed))
v["hash_message"] = byts(9, byts(1, b"salt") + byts(2, b"abcdef") + byts(1001, signed))
v["public_key_message"] = byts(4, byts(1, e_v) + byts(2, sealed))
dh = x_agree(e_v_sk, e_h)
assert dh == x_agree(e_h_sk, e_v)
th = B("hawser v2 transcript", statement_hash, signed, e_v, sealed)
prk = BK(secret, "hawser v2 keys", dh, nonce_v, nonce_h, th)
key_v, key_h = BK(prk, "hawser v2 viewer to host", th), BK(prk, "hawser v2 host to viewer", th)
confirm_v, confirm_h = BK(prk, "hawser v2 viewer confirms", th), BK(prk, "hawser v2 host confirms", th)
binding = BK(prk, "hawser v2 binding", th)
v.update(dh=dh, transcript=th, prk=prk, key_v=key_v, key_h=key_h, confirm_v=confirm_v, confirm_h=confirm_h,
         binding=binding)
v["confirm_v_message"], v["confirm_h_message"] = byts(1001, confirm_v), byts(1001, confirm_h)

# --- records: the viewer's first three, and one after the key was turned
v["record_confirm"] = aead(key_v, 0, v["confirm_v_message"] + b"\x01")
v["record_padded"] = aead(key_v, 1, b"key press" + b"\x01" + bytes(64 - 10))
v["record_filler"] = aead(key_v, 2, b"\x03" + bytes(63))
v["record_close"] = aead(key_v, 3, b"\x02")
v["key_v_turned"] = BK(key_v, "hawser v2 rekey")
v["record_turned"] = aead(v["key_v_turned"], 0, b"after" + b"\x01")

# --- SPAKE2+
def from_hash(h): return call("crypto_core_ristretto255_from_hash", 32, h)
def mul(s, p): return call("crypto_scalarmult_ristretto255", 32, s, p)
def base(s): return call("crypto_scalarmult_ristretto255_base", 32, s)
def add(a, b): return call("crypto_core_ristretto255_add", 32, a, b)
def sub(a, b): return call("crypto_core_ristretto255_sub", 32, a, b)
def reduce_(x):
    out = ctypes.create_string_buffer(32)
    na.crypto_core_ristretto255_scalar_reduce(out, x)
    return out.raw


M, N = from_hash(B512("hawser spake2+ M")), from_hash(B512("hawser spake2+ N"))
v.update(pake_m=M, pake_n=N)
h1 = hashlib.sha256(b"Passw0rd!" + b"23456789abcdefghijkmnpqrstuvwxyz").digest()
v["h1"] = h1
salt = drawn("salt")[:16]
v["salt"] = salt


def pake(name, kind, w):
    w0, w1 = reduce_(w[:64]), reduce_(w[64:])
    L = base(w1)
    x, y = reduce_(drawn(name + "x") * 2), reduce_(drawn(name + "y") * 2)
    X, Y = add(base(x), mul(w0, M)), add(base(y), mul(w0, N))
    D = sub(Y, mul(w0, N))
    Z, V = mul(x, D), mul(w1, D)
    assert Z == mul(y, sub(X, mul(w0, M))) and V == mul(y, L)
    K = B512("hawser spake2+", binding, host_pk, u32(kind), M, N, X, Y, Z, V, w0)
    for k, b in dict(w=w, w0=w0, w1=w1, l=L, x=x, y=y, share_x=X, share_y=Y, z=Z, v=V,
                     confirm_viewer=BK(K[:32], "viewer", Y), confirm_host=BK(K[32:], "host", X)).items():
        v[name + k] = b


pake("temporary_", 1, B512("hawser fast w0", h1, salt) + B512("hawser fast w1", h1, salt))
ops, memory_kib = 1, 8192
pake("permanent_", 2, call("crypto_pwhash", 128, ctypes.c_ulonglong(128), h1, ctypes.c_ulonglong(32), salt,
                           ctypes.c_ulonglong(ops), ctypes.c_size_t(memory_kib << 10), 2))

# --- coming back, and the viewer's key
v["resume_secret"] = drawn("resume")
v["resume_mac"] = BK(v["resume_secret"], "hawser v2 resume", binding)
v["viewer_seed"] = drawn("viewer")
viewer_pk, viewer_sk = sign_pair(v["viewer_seed"])
v["viewer_pk"] = viewer_pk
v["word"] = B("hawser v2 word", signed)
v["viewer_signature"] = sign(viewer_sk, b"hawser v2 viewer" + binding + v["word"])[:64]

# --- legs: two ends that can, then another connection of their session
legs_key = BK(prk, "hawser v2 legs", th)
session, number = drawn("leg session")[:16], 3
leg_nonce_v, leg_nonce_h = drawn("leg viewer"), drawn("leg host")
host_received, viewer_received = 70000, 1 << 33


def leg_mac(label, received):
    return BK(legs_key, label, session, u32(number), leg_nonce_v, leg_nonce_h, u64(received))


v.update(legs_key=legs_key, leg_session=session, leg_nonce_v=leg_nonce_v, leg_nonce_h=leg_nonce_h)
leg_name = BK(legs_key, "hawser v2 leg name", session, u32(number))[:16]
v["leg_name"] = leg_name
v["leg_join"] = byts(1002, byts(1, leg_name) + num(2, number) + byts(3, leg_nonce_v))
v["leg_challenge"] = byts(1003, byts(1, leg_nonce_h) + num(2, host_received) +
                          byts(3, leg_mac("hawser v2 leg host", host_received)))
v["leg_proof"] = byts(1004, num(1, viewer_received) + byts(2, leg_mac("hawser v2 leg viewer", viewer_received)))
v["leg_tags"] = leg_mac("hawser v2 leg tags", 0)


def chunk(kind, body=b""):
    n = len(body) + 1
    head = bytes([n << 2]) if n < 64 else struct.pack("<H", n << 2 | 1)
    return head + bytes([kind]) + body


v["leg_chunks"] = (chunk(2, u64(host_received)) + chunk(4) + chunk(1, b"bytes") + chunk(1, bytes(100)) +
                   chunk(3, u64(viewer_received)) + chunk(5) + chunk(6))

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "v2.json")
text = json.dumps({"id": host_id.decode(), "ops": ops, "memory_kib": memory_kib, **{k: b.hex() for k, b in v.items()}},
                  indent=1) + "\n"
if "--check" in sys.argv:
    sys.exit(open(path).read() != text)
open(path, "w").write(text)
