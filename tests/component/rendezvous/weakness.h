/* tests: the server whose weaknesses are tried, by two programs. */
#pragma once
#include "shared/wire/addr_codec.h"
#include "shared/wire/frame.h"
#include "tests/component/rendezvous/actors.h"

#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define PAIR "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e"
extern struct server srv;
void setup(void);
void teardown(void);
void start_again(const char *const extra[]);
struct hws_bytes view(ProtobufCBinaryData b);
