/* Suites of this test program. */
#pragma once
#include <check.h>

Suite *codec_suite(void);
Suite *formats_suite(void);
Suite *codec_table_suite(void);
Suite *sizes_suite(void);
Suite *h265_suite(void);
Suite *headers_suite(void);
