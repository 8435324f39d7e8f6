/* tests: the server of a test, and what several programs do with it. */
#pragma once
#include "shared/crypto/record.h"
#include "tests/component/rendezvous/actors.h"

#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
extern struct server srv;
void setup(void);
void teardown(void);
void expect_refusal(const char *id, const char *key, Rdv__PunchHoleResponse__Failure failure);

/* Reads our offer, answers it; both directions are sealed afterwards. */
void encrypt(int fd, struct hws_record *rec);
