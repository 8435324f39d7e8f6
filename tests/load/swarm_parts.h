/* load/swarm_parts: the inside of a swarm, for swarm.c (life, answers, rhythm) and swarm_send.c
 * (sockets, messages) only. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "tests/load/answers.h"
#include "tests/load/swarm.h"
#include <netinet/in.h>
#include <sys/socket.h>

#define SWARM_BATCH 64
#define SWARM_PACKET 300

/* What a device waits for. */
enum { IDLE, WANT_OK, WANT_KNOWN, WANT_ALIVE };

struct swarm_host {
	uint64_t sent_us; /* 0 = nothing outstanding */
	uint8_t wants;
	uint8_t address; /* how often it has moved */
	bool registered;
};

struct swarm_packet {
	uint32_t host;
	struct sockaddr_in addr;
	struct iovec iov;
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in_pktinfo))];
	uint8_t data[SWARM_PACKET];
};

struct load_swarm {
	struct load_swarm_conf conf;
	struct swarm_host *host;
	int fd;           /* of all, or the epoll of a site */
	int *own;         /* a site: one socket for each device */
	uint32_t room;    /* datagrams that a receive buffer holds */
	uint64_t dropped; /* overflow when the statistics began */
	struct load_answers answers;
	struct swarm_packet tx[SWARM_BATCH], rx[SWARM_BATCH];
	struct mmsghdr txm[SWARM_BATCH], rxm[SWARM_BATCH];
	unsigned queued;
	uint32_t outstanding, registered;
	uint64_t rng;
	struct load_swarm_stats stats;
	bool filling;  /* registration: go on at each answer */
	uint32_t next; /* next device to begin with */
	bool saturating;
};

bool swarm_chance(struct load_swarm *s, double p);
/* 0 or -errno; what is open so far is closed by load_swarm_free. */
int swarm_open_shared(struct load_swarm *s);
int swarm_open_site(struct load_swarm *s);
void swarm_prepare(struct load_swarm *s);
/* Messages of device n are queued; flush sends them. `what` it waits for afterwards. */
void swarm_flush(struct load_swarm *s);
void swarm_send_alive(struct load_swarm *s, uint32_t n, uint8_t what);
void swarm_send_pk(struct load_swarm *s, uint32_t n, uint8_t what);
void swarm_send_sent(struct load_swarm *s, uint32_t n, const Rdv__PunchHole *hole);
/* These two go over a link of their own, at once. */
void swarm_agree_to_relay(struct load_swarm *s, uint32_t n, const Rdv__RequestRelay *rr);
void swarm_tell_local(struct load_swarm *s, uint32_t n, const Rdv__FetchLocalAddr *asked);
