/* api/files: what sessions of files have beside the others: the view of the service, events on
 * their way to the embedder, jobs that are remembered. Private to this folder. */
#pragma once
#include "client/api/session_loop.h"
#include "client/services/files/files_view.h"
#include <hawser/files.h>

/* What the opener has to say to the service. */
struct api_files_conf {
	bool base_only;
	struct hws_roots *roots;
};
/* Roots of this side: everything that the user may touch. Made once for a context, on the
 * embedder's thread. */
int api_files_roots(hawser_context *ctx, struct hws_roots **ret) HWS_MUST_CHECK;
void api_files_roots_free(hawser_context *ctx);
/* For the table of api/services.c. */
int api_files_new(struct api_session_loop *e, const struct api_session_loop_conf *conf,
		struct hws_service **ret) HWS_MUST_CHECK;
/* After the services. */
void api_files_free(struct api_session_loop *e);

/* --- api/files_kept.c: jobs that are to outlive the session, in a file beside the configuration.
 * Each takes the lock of the context. */
/* Adds it, or finds the same one (*ret_known); *ret_number 0: there is no place to keep
 * anything in. */
int api_files_keep(hawser_context *ctx, const char *target, bool upload, const char *remote,
		const char *local, uint32_t *ret_number, bool *ret_known) HWS_MUST_CHECK;
/* HAWSER_ERR_NOTFOUND. `target` NULL: of any. */
int api_files_unkeep(hawser_context *ctx, const char *target, uint32_t number) HWS_MUST_CHECK;
