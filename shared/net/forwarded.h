/* net/forwarded: who is behind the proxies of a request. Of X-Forwarded-For only what trusted
 * proxies have put there counts: from its end to the first address that is not one of theirs.
 * Nothing else is looked at: X-Real-IP and Forwarded are what the client says wherever the proxy
 * does not know them. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/net/addr.h"

/* `head`: a request up to its blank line. `peer`: whoever sent it; becomes who is behind it (with
 * port 0), and stays as it is if it is not in `trusted` or says nothing. Where the chain ends in
 * something that is no address, the proxy before it is taken for the client. */
void hws_forwarded_peer(struct hws_bytes head, const struct hws_cidr_list *trusted,
		struct sockaddr_storage *peer);
