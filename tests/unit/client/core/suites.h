#pragma once
#include "shared/base/bytes.h"
#include "shared/base/str.h"
#include <check.h>

Suite *viewer_suite(void);
Suite *v2_suite(void);
Suite *trust_suite(void);
Suite *peers_suite(void);
Suite *codec_wire_suite(void);
Suite *settings_suite(void);
Suite *small_suite(void);
Suite *input_suite(void);
Suite *picture_suite(void);
Suite *rows_suite(void);
Suite *service_suite(void);
Suite *wish_suite(void);
Suite *layout_suite(void);
Suite *kind_suite(void);
Suite *displays_suite(void);
/* Compares with the file; HAWSER_UPDATE_GOLDEN=1 writes it instead. */
void golden_compare(const char *path, struct hws_bytes text);
