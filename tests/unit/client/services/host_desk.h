/* A headless desktop with viewers that record what they are sent. */
#pragma once
#include "client/platform/headless/headless.h"
#include "client/services/host_service.h"
#include <check.h>

struct viewer {
	struct hws_host_viewer g;
	bool congested, broken;
	uint32_t bitrate;   /* as last told, kbit/s; 0 = never */
	Ses__Message **msg; /* all it got */
	unsigned count;
};

struct desk {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_platform *p;
	struct hws_host_set *services; /* all of the registry */
	struct viewer v[4];
	uint64_t now_us; /* of the loop's clock; 0 = the real one */
};

#define ALL_PERMISSIONS 0xffffffffu

void desk_setup(struct desk *d, const char *size);
void desk_teardown(struct desk *d);
/* Viewer i of version 1.4.9 on Linux with all permissions joins all services. */
void desk_join(struct desk *d, unsigned i);
void desk_leave(struct desk *d, unsigned i);
/* Runs the loop until viewer i has n messages of this kind; fails the test after 10 s. */
void desk_wait(struct desk *d, unsigned i, Ses__Message__UnionCase kind, unsigned n);
void desk_run(struct desk *d, unsigned ms);
unsigned desk_count(const struct viewer *v, Ses__Message__UnionCase kind);
/* The n-th message of this kind (from 0); NULL if there is none. */
const Ses__Message *desk_get(const struct viewer *v, Ses__Message__UnionCase kind, unsigned n);
/* Video frames of a codec, NULL if this message is none. */
const Ses__EncodedVideoFrame *desk_frame(const Ses__Message *m, Ses__VideoFrame__UnionCase codec);
void desk_forget(struct viewer *v);
/* Sends a message of viewer i to all services; false when none took it. */
bool desk_send(struct desk *d, unsigned i, const Ses__Message *m);
bool desk_send_misc(struct desk *d, unsigned i, const Ses__Misc *m);

/* A line of so many bytes a second from viewer 0 to its decoder, looked at now and then. */
struct desk_line {
	double speed;
	uint64_t sent, due_us, from_us, to;
};
/* One turn of the loop. */
void desk_line_run(struct desk *d, struct desk_line *l);

Suite *host_video_suite(void);
Suite *show_suite(void);
Suite *video_head_suite(void);
Suite *patch_host_suite(void);
Suite *host_set_suite(void);
Suite *host_input_suite(void);
Suite *host_shared_suite(void);
Suite *host_displays_suite(void);
Suite *quality_suite(void);
Suite *flow_suite(void);
Suite *pipeline_suite(void);
