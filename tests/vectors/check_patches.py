#!/usr/bin/env python3
"""Checks tests/vectors/patches.json: an implementation of the viewer's end that was written from
docs/protocol-patches.md alone, in another language. Prints what differs; exit status 1 if anything."""
import json
import os
import sys

W, H = 32, 20
PACE = [1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5]


class Bit:
    def __init__(self):
        self.zero, self.seen = 32768, 0


class Range:
    def __init__(self, data):
        self.data, self.at, self.range, self.code = data, 0, 2**32 - 1, 0
        for _ in range(4):
            self.code = self.code << 8 | self.byte()

    def byte(self):
        self.at += 1
        return self.data[self.at - 1] if self.at <= len(self.data) else 0

    def fill(self):
        while self.range < 1 << 24:
            self.range = self.range << 8 & 0xFFFFFFFF
            self.code = (self.code << 8 | self.byte()) & 0xFFFFFFFF

    def bit(self, b):
        bound = (self.range >> 16) * b.zero
        pace = PACE[b.seen]
        bit = int(self.code >= bound)
        if bit:
            self.code -= bound
            self.range -= bound
            b.zero -= b.zero >> pace
        else:
            self.range = bound
            b.zero += (65535 - b.zero) >> pace
        b.zero = min(max(b.zero, 64), 65535 - 64)
        b.seen = min(b.seen + 1, 15)
        self.fill()
        return bit

    def flat(self, n):
        self.range //= n
        v = min(self.code // self.range, n - 1)
        self.code -= v * self.range
        self.fill()
        return v

    def tree(self, t):
        node = 1
        for _ in range(8):
            node = node << 1 | self.bit(t[node])
        return node & 255


def channel(c, shift):
    return c >> shift & 255


def toward_zero(a, b):
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def between(a, b, green, shift):
    v = channel(a, shift)
    span = channel(b, 8) - channel(a, 8)
    if span:
        v += toward_zero((green - channel(a, 8)) * (channel(b, shift) - v) * 2 + abs(span), span * 2)
    return min(max(v, 0), 255)


class Screen:
    def __init__(self, data):
        self.r = Range(data)
        bits = lambda n: [Bit() for _ in range(n)]
        self.same, self.flats = bits(2), bits(16)
        self.hit = [bits(40) for _ in range(6)]
        self.cached, self.cache_at, self.mixed = Bit(), bits(12), bits(5)
        self.outside, self.green, self.plain = Bit(), bits(256), bits(2)
        self.rest = [bits(256), bits(256)]
        self.cache = []

    def literal(self):
        n, i = self.n, 1
        while i < n and self.r.bit(self.mixed[i]):
            i += 1
        low = high = channel(self.anchor[0], 8)
        if i < n:
            other = channel(self.anchor[i], 8)
            low, high = min(low, other), max(high, other)
        if high - low > 1 and not self.r.bit(self.outside):
            g = low + 1 + self.r.flat(high - low - 1)
        else:
            g = self.r.tree(self.green)
        v = []
        for k in range(2):
            guess = between(self.anchor[0], self.anchor[i], g, 0 if k else 16) if i < n else g
            rest = self.r.tree(self.rest[k]) if self.r.bit(self.plain[k]) else 0
            v.append((guess + rest) & 255)
        return v[0] << 16 | g << 8 | v[1]

    def another(self):
        if self.cache and self.r.bit(self.cached):
            i = 0
            while i + 1 < len(self.cache) and self.r.bit(self.cache_at[i]):
                i += 1
            c = self.cache.pop(i)
        else:
            c = self.literal()
            if len(self.cache) == 12:
                self.cache.pop()
        self.cache.insert(0, c)
        return c

    def decode(self, w, h):
        self.n = self.r.flat(5)
        self.anchor = []
        for _ in range(self.n):
            v = self.r.flat(256)
            v = v * 0x010101 if self.r.flat(2) else v | self.r.flat(65536) << 8
            self.anchor.append(v)
        self.cache = list(self.anchor)
        while len(self.anchor) < 4:
            self.anchor.append(self.anchor[0] if self.anchor else 0)
        border = self.anchor[0]
        above, rows, same = [border] * w, [], 0
        for _ in range(h):
            same = self.r.bit(self.same[same])
            row = list(above) if same else self.row(above, w, border)
            rows.append(row)
            above = row
        return rows

    def row(self, above, w, border):
        row = []
        kind = lambda c: 0 if c == self.anchor[0] else 1 if c == self.anchor[1] else 2
        while len(row) < w:
            x = len(row)
            n, left = above[x], row[-1] if x else border
            nw = above[x - 1] if x else border
            ne = above[x + 1] if x + 1 < w else border
            if n == left == nw == ne:
                length = 1
                while x + length < w and above[x + length] == left and (
                    x + length + 1 >= w or above[x + length + 1] == left
                ):
                    length += 1
                if not self.r.bit(self.flats[length.bit_length() & 15]):
                    row += [left] * length
                else:
                    row += [left] * self.r.flat(length)
                    row.append(self.another())
                continue
            guess = [n, left, self.anchor[0], self.anchor[1], ne, nw]
            place = (kind(left) * 3 + kind(n)) * 4 + 2 * (ne == n) + (nw == n)
            for k, c in enumerate(guess):
                if c not in guess[:k] and self.r.bit(self.hit[k][place]):
                    row.append(c)
                    break
            else:
                row.append(self.another())
        return row


class Photo:
    def __init__(self, data):
        self.data, self.at = data, 0
        self.rice = [[[(1 << i) >> 1, 1] for i in range(9)] for _ in range(3)]

    def bits(self, n):
        v = 0
        for _ in range(n):
            byte = self.data[self.at >> 3] if self.at >> 3 < len(self.data) else 0
            v = v << 1 | byte >> (7 - (self.at & 7)) & 1
            self.at += 1
        return v

    def value(self, r):
        k = 0
        while k < 7 and r[1] << k < r[0]:
            k += 1
        high = 0
        while high < 20 and not self.bits(1):
            high += 1
        v = (high << k | self.bits(k)) & 255 if high < 20 else self.bits(8)
        r[0] += v
        r[1] += 1
        if r[1] == 64:
            r[0], r[1] = r[0] >> 1, r[1] >> 1
        return v

    def decode(self, w, h):
        plane = lambda c, k: (
            channel(c, 8) if k == 0 else (channel(c, 16 if k == 1 else 0) - channel(c, 8) + 128) & 255
        )
        rows, above = [], None
        for _ in range(h):
            row = []
            for x in range(w):
                n = above[x] if above else row[-1] if x else 0x808080
                left = row[-1] if x else n
                nw = above[x - 1] if above and x else n
                ne = above[x + 1] if above and x + 1 < w else n
                v = []
                for k in range(3):
                    a, b, c, e = plane(left, k), plane(n, k), plane(nw, k), plane(ne, k)
                    low, high = min(a, b), max(a, b)
                    guess = low if c >= high else high if c <= low else a + b - c
                    d = abs(b - c) + abs(a - c) + abs(e - b)
                    m = self.value(self.rice[k][min(d.bit_length(), 8)])
                    v.append((guess + (-1 - m // 2 if m & 1 else m // 2)) & 255)
                g = v[0]
                row.append((v[1] - 128 + g & 255) << 16 | g << 8 | v[2] - 128 + g & 255)
            rows.append(row)
            above = row
        return rows


def apply(data, p):
    at = 1
    assert data[0] == 1

    def number():
        nonlocal at
        v = shift = 0
        while True:
            b = data[at]
            at += 1
            v |= (b & 127) << shift
            shift += 7
            if not b & 128:
                return v

    while at < len(data):
        op, last = data[at] & 127, data[at] & 128
        at += 1
        x, y, w, h = number(), number(), number() + 1, number() + 1
        if op == 0:
            sx, sy = number(), number()
            rows = [p[sy + k][sx : sx + w] for k in range(h)]
        elif op == 1:
            b, g, r = data[at : at + 3]
            at += 3
            rows = [[r << 16 | g << 8 | b] * w for _ in range(h)]
        else:
            size = len(data) - at if last else number()
            rows = (Screen if op == 2 else Photo)(data[at : at + size]).decode(w, h)
            at += size
        for k in range(h):
            p[y + k][x : x + w] = rows[k]


def fnv(p):
    h = 0xCBF29CE484222325
    for row in p:
        for c in row:
            for shift in (0, 8, 16):
                h = ((h ^ channel(c, shift)) * 0x100000001B3) & (1 << 64) - 1
    return "%016x" % h


bad = 0
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "patches.json")) as f:
    for v in json.load(f)["vectors"]:
        p = [[0x204060 if (x // 4 + y // 4) % 2 else 0xE0E0E0 for x in range(W)] for y in range(H)]
        apply(bytes.fromhex(v["hex"]), p)
        if fnv(p) != v["decoded"]["payload"]:
            print("%s: %s instead of %s" % (v["name"], fnv(p), v["decoded"]["payload"]))
            bad = 1
sys.exit(bad)
