// A QR code (ISO/IEC 18004) of a short text: bytes, level L, versions 1 to 15. Drawn as one SVG path. It is made here, so
// that the secret of one-time codes is seen by nobody else.

import { h, svg } from "./dom.js";

// Check bytes of a block, and blocks, of each version at level L.
const CHECK = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6];
const LEVEL_L = 1;
const QUIET = 4;

const EXP = new Uint8Array(512), LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i += 1) {
	EXP[i] = EXP[i + 255] = x;
	LOG[x] = i;
	x = (x << 1) ^ (x & 0x80 ? 0x11d : 0);
}

function times(a, b) {
	return a && b ? EXP[LOG[a] + LOG[b]] : 0;
}

// Check bytes of one block: the rest of its division by the product of (x - 2^i).
export function checkBytes(data, count) {
	let divisor = [1];
	for (let i = 0; i < count; i += 1) {
		const next = new Array(divisor.length + 1).fill(0);
		divisor.forEach((c, j) => {
			next[j] ^= c;
			next[j + 1] ^= times(c, EXP[i]);
		});
		divisor = next;
	}
	const rest = [...data, ...new Array(count).fill(0)];
	for (let i = 0; i < data.length; i += 1)
		for (let j = 1, factor = rest[i]; j < divisor.length; j += 1)
			rest[i + j] ^= times(divisor[j], factor);
	return rest.slice(data.length);
}

function alignments(version) {
	if (version === 1)
		return [];
	const count = Math.floor(version / 7) + 2, size = version * 4 + 17;
	const step = Math.floor((version * 4 + count * 2 + 1) / (count * 2 - 2)) * 2;
	return [6, ...Array.from({ length: count - 1 }, (_, i) => size - 7 - step * (count - 2 - i))];
}

// Bytes that a version holds, data and check together.
function capacity(version) {
	const n = alignments(version).length;
	let bits = (16 * version + 128) * version + 64;
	if (n)
		bits -= (25 * n - 10) * n - 55;
	return (bits - (version >= 7 ? 36 : 0)) >> 3;
}

function pack(bytes, version) {
	const room = capacity(version) - CHECK[version - 1] * BLOCKS[version - 1];
	const bits = [];
	const put = (value, n) => {
		for (let i = n - 1; i >= 0; i -= 1)
			bits.push((value >> i) & 1);
	};
	put(4, 4);
	put(bytes.length, version < 10 ? 8 : 16);
	bytes.forEach((b) => put(b, 8));
	if (bits.length > room * 8)
		return null;
	put(0, Math.min(4, room * 8 - bits.length));
	put(0, (8 - (bits.length % 8)) % 8);
	for (let pad = 0xec; bits.length < room * 8; pad ^= 0xec ^ 0x11)
		put(pad, 8);
	return Array.from({ length: room }, (_, i) => bits.slice(i * 8, i * 8 + 8).reduce((v, b) => v * 2 + b, 0));
}

// Blocks with their check bytes, one byte of each in turn.
function interleave(data, version) {
	const count = BLOCKS[version - 1], check = CHECK[version - 1];
	const short = Math.floor(data.length / count), long = data.length % count;
	const blocks = [];
	for (let i = 0, at = 0; i < count; i += 1) {
		const size = short + (i >= count - long ? 1 : 0);
		blocks.push(data.slice(at, at + size));
		at += size;
	}
	const checks = blocks.map((b) => checkBytes(b, check));
	const turn = (lists, n) => Array.from({ length: n }, (_, i) => lists.map((l) => l[i])).flat().filter((b) => b !== undefined);
	return [...turn(blocks, short + 1), ...turn(checks, check)];
}

function bch(value, generator, bits) {
	let rest = value << bits;
	for (let i = 31 - Math.clz32(rest); i >= bits; i -= 1)
		if ((rest >> i) & 1)
			rest ^= generator << (i - bits);
	return (value << bits) | rest;
}

class Grid {
	constructor(version) {
		this.version = version;
		this.size = version * 4 + 17;
		this.dark = Array.from({ length: this.size }, () => new Uint8Array(this.size));
		this.fixed = Array.from({ length: this.size }, () => new Uint8Array(this.size));
		this.patterns();
	}

	set(x, y, dark) {
		if (x < 0 || y < 0 || x >= this.size || y >= this.size)
			return;
		this.dark[y][x] = dark ? 1 : 0;
		this.fixed[y][x] = 1;
	}

	rings(cx, cy, reach, light) {
		for (let y = -reach; y <= reach; y += 1)
			for (let x = -reach; x <= reach; x += 1)
				this.set(cx + x, cy + y, !light.includes(Math.max(Math.abs(x), Math.abs(y))));
	}

	patterns() {
		const { size, version } = this, last = size - 7;
		for (let i = 0; i < size; i += 1) {
			this.set(6, i, i % 2 === 0);
			this.set(i, 6, i % 2 === 0);
		}
		[[3, 3], [size - 4, 3], [3, size - 4]].forEach(([x, y]) => this.rings(x, y, 4, [2, 4]));
		const at = alignments(version);
		for (const y of at)
			for (const x of at)
				if (!(x === 6 && y === 6) && !(x === 6 && y === last) && !(x === last && y === 6))
					this.rings(x, y, 2, [1]);
		this.format(0);
		if (version >= 7)
			for (let i = 0, bits = bch(version, 0x1f25, 12); i < 18; i += 1) {
				const a = size - 11 + (i % 3), b = Math.floor(i / 3);
				this.set(a, b, (bits >> i) & 1);
				this.set(b, a, (bits >> i) & 1);
			}
	}

	format(mask) {
		const { size } = this, bits = bch((LEVEL_L << 3) | mask, 0x537, 10) ^ 0x5412;
		for (let i = 0; i < 15; i += 1) {
			const bit = (bits >> i) & 1;
			this.set(8, i < 6 ? i : i < 8 ? i + 1 : size - 15 + i, bit);
			this.set(i < 8 ? size - 1 - i : i === 8 ? 7 : 14 - i, 8, bit);
		}
		this.set(8, size - 8, 1);
	}

	// Two columns at a time from the right, up and down in turn; the column of the timing pattern is left out.
	fill(bytes) {
		let bit = 0;
		for (let right = this.size - 1; right >= 1; right -= 2) {
			if (right === 6)
				right = 5;
			for (let i = 0; i < this.size; i += 1)
				for (const x of [right, right - 1]) {
					const y = ((right + 1) & 2) === 0 ? this.size - 1 - i : i;
					if (!this.fixed[y][x] && bit < bytes.length * 8) {
						this.dark[y][x] = (bytes[bit >> 3] >> (7 - (bit & 7))) & 1;
						bit += 1;
					}
				}
		}
	}

	mask(n) {
		const rule = MASKS[n];
		for (let y = 0; y < this.size; y += 1)
			for (let x = 0; x < this.size; x += 1)
				if (!this.fixed[y][x] && rule(x, y))
					this.dark[y][x] ^= 1;
	}

	// How hard it is to read: long runs, squares of four, what looks like a corner, too much of one colour.
	penalty() {
		const { size, dark } = this;
		let sum = 0, count = 0;
		const lines = [...dark.map((r) => [...r]), ...dark.map((_, x) => dark.map((r) => r[x]))];
		for (const line of lines) {
			const text = line.join("");
			for (const run of text.match(/0{5,}|1{5,}/g) ?? [])
				sum += run.length - 2;
			sum += 40 * ((text.match(/(?=10111010000)/g) ?? []).length + (text.match(/(?=00001011101)/g) ?? []).length);
		}
		for (let y = 0; y < size; y += 1)
			for (let x = 0; x < size; x += 1) {
				count += dark[y][x];
				if (x && y && dark[y][x] === dark[y - 1][x] && dark[y][x] === dark[y][x - 1] && dark[y][x] === dark[y - 1][x - 1])
					sum += 3;
			}
		return sum + 10 * Math.floor(Math.abs((count * 20) / (size * size) - 10));
	}
}

const MASKS = [(x, y) => (x + y) % 2 === 0, (x, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
	(x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0, (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
	(x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0];

// Rows of 0 and 1, or null if the text is too long.
export function modules(text) {
	const bytes = [...new TextEncoder().encode(text)];
	for (let version = 1; version <= CHECK.length; version += 1) {
		const data = pack(bytes, version);
		if (!data)
			continue;
		const grid = new Grid(version);
		grid.fill(interleave(data, version));
		let best = 0, least = Infinity;
		for (let n = 0; n < MASKS.length; n += 1) {
			grid.mask(n);
			grid.format(n);
			const penalty = grid.penalty();
			if (penalty < least)
				[best, least] = [n, penalty];
			grid.mask(n);
		}
		grid.mask(best);
		grid.format(best);
		return grid.dark;
	}
	return null;
}

export function qr(text) {
	const rows = modules(text);
	if (!rows)
		return h("p.quiet", null, "The text is too long for a picture.");
	const path = rows.flatMap((r, y) => [...r].map((d, x) => (d ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : ""))).join("");
	const side = rows.length + QUIET * 2;
	return svg("svg", { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": "The same secret as a picture", class: "qr" },
		svg("path", { d: path, fill: "#000", "shape-rendering": "crispEdges" }));
}
