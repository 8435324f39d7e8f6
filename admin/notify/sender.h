/* notify/sender: the thread that sends what is due. Every node on a database has one; each notice
 * is sent by one of them. */
#pragma once
#include "admin/notify/send.h"

struct ntf_sender;

/* `conf` is copied; what it points at must outlive the sender. */
int ntf_sender_new(const struct ntf_conf *conf, struct ntf_sender **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Ends the thread; waits for a notice that is on its way (at most some 20 s). Takes NULL. */
void ntf_sender_free(struct ntf_sender *s);
/* Something is due: it looks at once, not only after a second. Any thread. */
void ntf_sender_wake(struct ntf_sender *s);
