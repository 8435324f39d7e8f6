/* print/print_job: what both ends know of a print job: its path on the wire, its bounds, and what
 * kind of document some bytes begin. Pure; any thread. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/clock.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HWS_PRINT_MAX (256u << 20)                  /* bytes of a job */
#define HWS_PRINT_BLOCK 131072u                     /* of each message */
#define HWS_PRINT_WAIT_US (60 * HWS_US_PER_S)       /* for an answer, and for what follows */
#define HWS_PRINT_PATH "RustDesk://FsJob//Printer/" /* and digits */
#define HWS_PRINT_PATH_MAX 48u                      /* with the NUL */

enum hws_print_kind { HWS_PRINT_UNKNOWN, HWS_PRINT_PDF, HWS_PRINT_POSTSCRIPT, HWS_PRINT_XPS };

enum hws_print_kind hws_print_kind(struct hws_bytes head);
/* Without a dot: "pdf". Static. */
const char *hws_print_suffix(enum hws_print_kind kind);
/* The path of a job, from a stranger: the prefix and 1 to 20 digits. */
bool hws_print_path_valid(const char *path);
/* The name of a queue of CUPS: letters, digits, "_", "-", "." and at most 127 of them; no option of
 * a command. */
bool hws_print_queue_valid(const char *name);
