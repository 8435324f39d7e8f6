/* Both ends of patches: a screen, what the host knows of the viewer, and what the viewer shows. */
#pragma once
#include "client/media/patch.h"
#include <check.h>

struct patch_stage {
	struct hws_picture *screen, *shown;
	struct hws_patcher *patcher;
	struct hws_buf out; /* the last patch */
};

Suite *patch_hostile_suite(void);
