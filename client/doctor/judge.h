/* doctor/judge: what the facts mean, as findings for people: what is open, what is not, and what to
 * do about it. Pure. */
#pragma once
#include "client/doctor/facts.h"
#include <jansson.h>

/* Adds to `list`. */
void hws_doctor_judge(const struct hws_doctor_facts *f, json_t *list);

/* --- judge_udp.c: what concerns UDP, NAT and the ways between two ends. */
void hws_doctor_judge_udp(const struct hws_doctor_facts *f, json_t *list);

enum hws_doctor_nat {
	HWS_DOCTOR_NAT_UNKNOWN,
	HWS_DOCTOR_NAT_NONE,        /* the server sees the address of this machine */
	HWS_DOCTOR_NAT_INDEPENDENT, /* one port, whoever is met: RFC 5780's endpoint-independent */
	HWS_DOCTOR_NAT_ADDRESS,     /* another port for each address */
	HWS_DOCTOR_NAT_PORT         /* another port for each address and port */
};
enum hws_doctor_nat hws_doctor_nat_udp(const struct hws_doctor_facts *f);
enum hws_doctor_nat hws_doctor_nat_tcp(const struct hws_doctor_facts *f);
