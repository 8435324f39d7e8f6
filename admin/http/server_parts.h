/* http/server_parts: what the files of the edge share. Private to admin/http. */
#pragma once
#include "admin/http/body.h"
#include "admin/http/origin.h"
#include "admin/http/server.h"
#include "shared/base/list.h"
#include "shared/daemon/admit.h"
#include "shared/loop/work.h"
#include "shared/net/addr.h"
#include "shared/net/stream.h"

struct htp_server {
	struct hws_loop *loop;
	struct htp_conf conf; /* .limits: the texts in it are not to be used */
	struct hws_list ports, link_list;
	struct hws_admit *admit;              /* open links */
	struct hws_admit *rate[HTP_RATES];    /* NULL = no limit */
	struct hws_work *pool[HTP_POOL_LOOP]; /* of the kinds that are pools */
	struct hws_cidr_list trusted;
	struct htp_origins origins;
	struct htp_stats stats;
	bool draining;
	void (*drained)(void *arg);
	void *drained_arg;
	struct hws_deferred drain_end;
};

/* One request from its head to its reply. Belongs to its link, while it runs to the pool. */
struct htp_job {
	struct htp_request request;
	struct htp_reply reply;
	struct htp_server *server; /* not once the link has gone */
	struct htp_link *link; /* of the loop's thread; NULL: has gone, the reply goes nowhere */
	bool answered;         /* `reply` stands already: no handler is to run */
	size_t text_len;       /* of request.text */
	uint64_t held;         /* room for its body, see htp_job_hold */
	uint64_t began_us;
};

/* What the port that somebody came by is. */
struct htp_way {
	bool local, admin, tls;
};

/* http/job: makes one of a whole head (copied). Says by job->answered whether the edge answers
 * itself; NULL without memory. HWS_ERR_PROTO: nothing more can be read from the link. */
int htp_job_new(struct htp_server *s, struct hws_bytes head, const struct sockaddr_storage *peer,
		struct htp_way way, struct htp_job **ret) HWS_MUST_CHECK;
void htp_job_free(struct htp_job *job);
/* How much of a body it takes, and where to (NULL = nowhere). */
uint64_t htp_job_body_max(const struct htp_job *job);
struct hws_buf *htp_job_body(struct htp_job *job);
/* Takes room for a body of so many bytes: of large ones a few go at a time, in all and from one
 * address, so that nobody fills the memory with what is not yet read. False: not now. */
bool htp_job_hold(struct htp_job *job, uint64_t bytes) HWS_MUST_CHECK;
/* The whole body is there: has it handled. `htp_link_answer` follows, perhaps within. */
void htp_job_run(struct htp_job *job);
/* The next part of its reply into reply.body; `htp_link_part` follows, never within. HWS_ERR_FULL:
 * not now. */
int htp_job_part(struct htp_job *job) HWS_MUST_CHECK;

/* http/link. Takes the stream. */
int htp_link_new(struct htp_server *s, struct hws_stream *stream,
		const struct sockaddr_storage *peer, struct htp_way way) HWS_MUST_CHECK;
/* The job's reply stands: writes it, frees the job. */
void htp_link_answer(struct htp_link *l);
/* A part of it is there, as htp_part_fn returned r. */
void htp_link_part(struct htp_link *l, int r);
/* All of them; `idle_only`: those that are between two requests. */
void htp_links_close(struct htp_server *s, bool idle_only);

/* Room that bodies of an address hold now. */
uint64_t htp_links_held(const struct htp_server *s, const struct sockaddr_storage *peer);
void htp_server_link_gone(struct htp_server *s);
