/* The parts of `hawser files` that need no session. */
#pragma once
#include "tests/support/suite.h"

Suite *files_words_suite(void);
Suite *files_path_suite(void);
Suite *files_show_suite(void);
Suite *files_sync_suite(void);
