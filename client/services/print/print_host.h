/* print/print_host: `hawser-host print`: what the person at the desktop prints is offered to a
 * viewer, which may take it. A command's text is the absolute path of a PDF or PostScript file,
 * opened with the rights of the agent. */
#pragma once
#include "client/services/host_service.h"

/* In sessions of a desktop the rows of files are those of print jobs: hence its id. */
extern const struct hws_host_service_impl hws_print_host_service;
