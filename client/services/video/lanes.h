/* video/lanes: viewers whose wishes are alike, and whose lines bear them, share the pictures of a
 * lane: one encoder for each display, one pace, one quality. Who wishes otherwise, or whose line
 * is too slow for the others, gets a lane of its own; when there are no more lanes, the one that
 * is nearest. Part of video_host. */
#pragma once
#include "client/services/video/video_parts.h"

int hws_video_lanes_open(struct hws_video_host *v) HWS_MUST_CHECK;
void hws_video_lanes_close(struct hws_video_host *v);

/* Gives the viewer a lane, soon the one that is right for it; it watches nothing so far. */
void hws_video_lanes_join(struct hws_video_host *v, unsigned slot);
/* It watches nothing any more. */
void hws_video_lanes_leave(struct hws_video_host *v, unsigned slot);
/* Wishes or lines are others now: who shares with whom is looked at soon. */
void hws_video_lanes_changed(struct hws_video_host *v);
/* This viewer could take no picture for so long that the others would not wait any longer. */
void hws_video_lanes_held_up(struct hws_video_host *v, unsigned slot);

/* --- what viewers watch */
struct hws_display_host *hws_video_shown(
		struct hws_video_host *v, unsigned slot, unsigned index); /* in its lane */
bool hws_video_watches(const struct hws_video_host *v, unsigned slot, unsigned index);
void hws_video_subscribe(struct hws_video_host *v, unsigned slot, unsigned index);
void hws_video_unsubscribe(struct hws_video_host *v, unsigned slot, unsigned index);
/* Its next picture is a whole one, if it watches this display. */
void hws_video_demand_key(struct hws_video_host *v, unsigned slot, unsigned index);
/* For services that show the viewer something of a display. */
void hws_video_note_watched(struct hws_video_host *v, unsigned slot);
void hws_video_kick(struct hws_video_host *v, unsigned slot);
/* The display that is looked at first. */
unsigned hws_video_primary(const struct hws_video_host *v);

/* --- for the displays of a lane */
unsigned hws_video_lane_fps(const struct hws_video_lane *l, uint64_t now);
double hws_video_lane_ratio(const struct hws_video_lane *l);
/* The time that pictures of this display count from, in whatever lane. */
uint64_t hws_video_lanes_began(const struct hws_display_host *s);
/* Is its line too slow for the others? */
bool hws_video_is_apart(const struct hws_video_viewer *w, uint64_t now);
