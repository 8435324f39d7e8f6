/* The suites about files at the viewer's end. */
#pragma once
#include "tests/support/suite.h"

Suite *files_view_suite(void);
Suite *files_jobs_suite(void);
