/* The boxes of the laboratory do what they are named for: a cell proves nothing about NATs whose
 * box is another one than it says. Packets by hand, no namespaces. */
#include "tests/support/nat_box.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define OUTSIDE "203.0.113.7"
#define UDP_OUTSIDE "203.0.113.8"
#define INSIDE "192.168.1.2"
#define FAR "198.51.100.1"
#define OTHER "198.51.100.2"

static struct nat_box *box;
static uint8_t data[128];
static struct packet packet;

static uint16_t sum(const uint8_t *at, size_t len, uint32_t from)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		from += (uint32_t)(at[i] << 8 | at[i + 1]);
	if (len % 2)
		from += (uint32_t)(at[len - 1] << 8);
	while (from >> 16)
		from = (from & 0xffff) + (from >> 16);
	return (uint16_t)from;
}

/* A datagram with three bytes in it; its sums are right when they add up to all ones. */
static void make(uint8_t proto, const char *from, uint16_t sport, const char *to, uint16_t dport)
{
	size_t len = 20 + (proto == IPPROTO_TCP ? 20 : 8) + 3;
	struct packet_end e;

	memset(data, 0, sizeof(data));
	data[0] = 0x45;
	data[3] = (uint8_t)len;
	data[6] = 0x40;
	data[8] = 64;
	data[9] = proto;
	ck_assert(packet_ip_parse(from, &e.ip));
	memcpy(data + 12, e.ip.s6_addr + 12, 4);
	ck_assert(packet_ip_parse(to, &e.ip));
	memcpy(data + 16, e.ip.s6_addr + 12, 4);
	data[20] = (uint8_t)(sport >> 8);
	data[21] = (uint8_t)sport;
	data[22] = (uint8_t)(dport >> 8);
	data[23] = (uint8_t)dport;
	data[25] = (uint8_t)(len - 20);
	ck_assert(packet_read(&packet, data, len));
}

static void is_whole(void)
{
	struct packet again;

	ck_assert_uint_eq(sum(data, 20, 0), 0xffff);
	ck_assert_uint_eq(
			sum(data + 20, packet.len - 20,
					sum(data + 12, 8,
							packet.proto + (uint32_t)packet.len - 20)),
			0xffff);
	ck_assert(packet_read(&again, data, packet.len));
	ck_assert_int_eq(again.src.port, packet.src.port);
	ck_assert_int_eq(again.dst.port, packet.dst.port);
}

/* From inside; the port outside, 0 when it is dropped. */
static uint16_t out(uint8_t proto, uint16_t sport, const char *to, uint16_t dport)
{
	make(proto, INSIDE, sport, to, dport);
	if (!nat_box_out(box, &packet))
		return 0;
	if (nat_box_is_public(box, &packet.src.ip))
		is_whole();
	return packet.src.port;
}

static bool in(const char *from, uint16_t sport, uint16_t dport)
{
	make(IPPROTO_UDP, from, sport, OUTSIDE, dport);
	if (!nat_box_in(box, &packet))
		return false;
	is_whole();
	return true;
}

static void new_box(const struct nat_box_conf *conf)
{
	nat_box_free(box);
	box = nat_box_new(OUTSIDE, conf);
	ck_assert_ptr_nonnull(box);
}

static void done(void)
{
	nat_box_free(box);
	box = NULL;
}

/* Of one port inside: to the same end, to another port of it, to another address. */
START_TEST(mapping_is_as_wide_as_it_says)
{
	for (unsigned scope = NAT_ANY; scope <= NAT_ADDRESS_PORT; scope++) {
		const struct nat_box_conf conf = { .mapping = (enum nat_scope)scope };
		uint16_t first;

		new_box(&conf);
		first = out(IPPROTO_UDP, 5000, FAR, 1000);
		ck_assert_uint_ne(first, 0);
		ck_assert_uint_eq(out(IPPROTO_UDP, 5000, FAR, 1000), first);
		ck_assert(scope == NAT_ADDRESS_PORT || out(IPPROTO_UDP, 5000, FAR, 1001) == first);
		ck_assert((out(IPPROTO_UDP, 5000, FAR, 1002) == first) ==
				(scope != NAT_ADDRESS_PORT));
		ck_assert((out(IPPROTO_UDP, 5000, OTHER, 1000) == first) == (scope == NAT_ANY));
		ck_assert_uint_ne(out(IPPROTO_UDP, 5001, FAR, 1000), first);
	}
}
END_TEST

START_TEST(filtering_is_as_narrow_as_it_says)
{
	for (unsigned scope = NAT_ANY; scope <= NAT_ADDRESS_PORT; scope++) {
		const struct nat_box_conf conf = { .filtering = (enum nat_scope)scope };
		uint16_t port;

		new_box(&conf);
		ck_assert(!in(FAR, 1000, 5000));
		port = out(IPPROTO_UDP, 5000, FAR, 1000);
		ck_assert(in(FAR, 1000, port));
		ck_assert_uint_eq(packet.dst.port, 5000);
		ck_assert_int_eq(in(FAR, 1001, port), scope != NAT_ADDRESS_PORT);
		ck_assert_int_eq(in(OTHER, 1000, port), scope == NAT_ANY);
		ck_assert(!in(FAR, 1000, (uint16_t)(port + 1)));
	}
}
END_TEST

START_TEST(ports_are_kept_where_they_are_free)
{
	const struct nat_box_conf conf = { .keep_port = true, .udp_address = UDP_OUTSIDE };
	struct packet_end e;
	uint16_t other;

	new_box(&conf);
	ck_assert_uint_eq(out(IPPROTO_UDP, 5000, FAR, 1000), 5000);
	ck_assert(packet_ip_parse(UDP_OUTSIDE, &e.ip));
	ck_assert(packet_ip_equal(&packet.src.ip, &e.ip));
	ck_assert_uint_eq(out(IPPROTO_TCP, 5000, FAR, 1000), 5000);
	ck_assert(packet_ip_parse(OUTSIDE, &e.ip));
	ck_assert(packet_ip_equal(&packet.src.ip, &e.ip));
	make(IPPROTO_UDP, "192.168.1.3", 5000, FAR, 1000); /* a neighbour, from the same port */
	ck_assert(nat_box_out(box, &packet));
	other = packet.src.port;
	ck_assert_uint_ne(other, 5000);
}
END_TEST

START_TEST(a_box_that_starts_anew_knows_nobody)
{
	const struct nat_box_conf conf = { .keep_port = true };

	new_box(&conf);
	ck_assert_uint_eq(out(IPPROTO_UDP, 5000, FAR, 1000), 5000);
	nat_box_forget(box);
	ck_assert(!in(FAR, 1000, 5000));
	ck_assert_uint_ne(out(IPPROTO_UDP, 5000, FAR, 1000), 5000);
}
END_TEST

START_TEST(hairpins_only_where_it_is_said)
{
	for (int hairpin = 0; hairpin < 2; hairpin++) {
		const struct nat_box_conf conf = { .hairpin = hairpin, .keep_port = true };

		new_box(&conf);
		ck_assert_uint_eq(out(IPPROTO_UDP, 5000, FAR, 1000), 5000);
		make(IPPROTO_UDP, "192.168.1.3", 6000, OUTSIDE, 5000);
		ck_assert_int_eq(nat_box_hairpin(box, &packet), hairpin);
		if (!hairpin)
			continue;
		is_whole();
		ck_assert_uint_eq(packet.src.port, 6000);
		ck_assert(nat_box_is_public(box, &packet.src.ip));
		ck_assert_uint_eq(packet.dst.port, 5000);
		ck_assert(!nat_box_is_public(box, &packet.dst.ip));
	}
}
END_TEST

START_TEST(a_firewall_translates_nothing)
{
	const struct nat_box_conf conf = { .firewall = true, .filtering = NAT_ADDRESS_PORT };

	new_box(&conf);
	ck_assert_uint_eq(out(IPPROTO_UDP, 5000, FAR, 1000), 5000);
	ck_assert(!nat_box_is_public(box, &packet.src.ip));
	make(IPPROTO_UDP, FAR, 1000, INSIDE, 5000);
	ck_assert(nat_box_in(box, &packet));
	make(IPPROTO_UDP, FAR, 1001, INSIDE, 5000);
	ck_assert(!nat_box_in(box, &packet));
}
END_TEST

/* The word that a packet was too long comes to whom it was sent by. */
START_TEST(too_long_is_said_to_the_sender)
{
	const struct nat_box_conf conf = { .filtering = NAT_ADDRESS_PORT };
	uint8_t icmp[128];
	struct packet word;
	struct packet_end inside;
	size_t len;

	new_box(&conf);
	ck_assert_uint_ne(out(IPPROTO_UDP, 5000, FAR, 1000), 0);
	len = packet_too_big(&packet, 1280, icmp, sizeof(icmp));
	ck_assert_uint_gt(len, 0);
	ck_assert(packet_read(&word, icmp, len));
	ck_assert(word.too_big);
	ck_assert(nat_box_in(box, &word));
	ck_assert(packet_ip_parse(INSIDE, &inside.ip));
	ck_assert(packet_ip_equal(&word.dst.ip, &inside.ip));
	ck_assert_uint_eq(word.about_src.port, 5000);
	ck_assert_uint_eq(sum(icmp, 20, 0), 0xffff);
	ck_assert_uint_eq(sum(icmp + 20, len - 20, 0), 0xffff);
	ck_assert_uint_eq(icmp[26] << 8 | icmp[27], 1280);
}
END_TEST

/* Lengths that lie, and no packets at all. */
START_TEST(what_is_no_packet_is_dropped)
{
	size_t whole;

	make(IPPROTO_UDP, INSIDE, 5000, FAR, 1000);
	whole = packet.len;
	for (size_t len = 0; len < whole; len++)
		ck_assert(!packet_read(&packet, data, len));
	data[0] = 0x4f;
	ck_assert(!packet_read(&packet, data, 31));
	data[0] = 0x65;
	ck_assert(!packet_read(&packet, data, 31));
}
END_TEST

int main(void)
{
	return test_main("nat_box", 30, NULL, done,
			TESTS(mapping_is_as_wide_as_it_says, filtering_is_as_narrow_as_it_says,
					ports_are_kept_where_they_are_free,
					a_box_that_starts_anew_knows_nobody,
					hairpins_only_where_it_is_said,
					a_firewall_translates_nothing,
					too_long_is_said_to_the_sender,
					what_is_no_packet_is_dropped));
}
