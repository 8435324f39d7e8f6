/* hawser/clipfiles: files of the clipboard: copied here, pasted there, and the other way round, in
 * a session on a desktop whose configuration asks for it (hawser_session_config.files_to_host,
 * .files_from_host). Nothing is sent before somebody pastes. All functions belong to the embedder's
 * thread of the context; none blocks. */
#pragma once
#include <hawser/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum hawser_clipfiles_event_type {
	/* What hawser_clipfiles_copy was given is offered to the host: count, bytes, left_out; or
	 * it is not: error, text. */
	HAWSER_CLIPFILES_COPIED,
	/* Somebody has copied files at the host: count, bytes, names (of what was chosen there). */
	HAWSER_CLIPFILES_OFFERED,
	/* It announced files that cannot be had: text. */
	HAWSER_CLIPFILES_REFUSED,
	/* The host's files are there no more: it has copied something else, or the connection is
	 * lost. A folder that showed them has gone. */
	HAWSER_CLIPFILES_GONE,
	/* After hawser_clipfiles_show: names are the absolute paths of what was chosen there, to
	 * be put on a desktop's clipboard; or it cannot be shown: error, text. */
	HAWSER_CLIPFILES_SHOWN,
	HAWSER_CLIPFILES_PROGRESS, /* of hawser_clipfiles_fetch: count, bytes, all, all_bytes */
	HAWSER_CLIPFILES_FETCHED   /* it is over: error (HAWSER_OK: all is there), text */
};

/* Readers look only at the members named with the type. */
struct hawser_clipfiles_event {
	size_t size;
	enum hawser_clipfiles_event_type type;
	uint32_t count, all;       /* files and folders */
	uint64_t bytes, all_bytes; /* of files */
	/* Things within that cannot be copied: unreadable, devices, links that lead elsewhere. */
	uint32_t left_out;
	/* Any bytes but NUL; at most 1024 of them. */
	const char *const *names;
	size_t name_count;
	int error;
	const char *text; /* a sentence part for people; never NULL */
};

/* Offers files and folders of this machine as what was copied, in place of what was offered before;
 * count 0: nothing any more. `paths` are absolute. They are walked off this thread; COPIED tells
 * what became of it. Devices, pipes and links to what was not copied are left out. At most 16384
 * files and folders. HAWSER_ERR_DENIED: the session is not ready; HAWSER_ERR_INVAL: a path is not
 * absolute; HAWSER_ERR_TOOBIG: too many. */
int hawser_clipfiles_copy(hawser_session *s, const char *const *paths, size_t count);
/* Shows the files that the host offered last as a folder of this machine, read-only and for this
 * account alone (FUSE; needs fusermount3, or root). They are fetched when they are read. SHOWN
 * tells where; the folder is there until GONE, or until the session ends. */
int hawser_clipfiles_show(hawser_session *s);
/* Writes them into `folder`, which is there. Nothing is replaced: if one of their names is taken,
 * nothing is written. PROGRESS and FETCHED follow. */
int hawser_clipfiles_fetch(hawser_session *s, const char *folder);
/* Ends that; what is whole stays. No FETCHED follows. */
int hawser_clipfiles_cancel(hawser_session *s);

#ifdef __cplusplus
}
#endif
