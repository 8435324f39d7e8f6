/* rendezvous/planes/nat_test: NAT tests by TCP and WebSocket: how the asker is seen, the time, and
 * a pair to be made at a relay for who shows the key. On the TCP plane's thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"

struct rdv_client;

void rdv_nat_test(struct rdv_client *cl, const Rdv__TestNatRequest *q);
