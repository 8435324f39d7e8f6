/* host/cmd_call: what the verbs of hawser-host share: their arguments, their settings, and asking
 * the running host. */
#pragma once
#include "client/host/settings.h"
#include <jansson.h>

#define HWS_HOST_PROGRAM "hawser-host"

enum hws_call_status { HWS_CALL_OK = 0, HWS_CALL_FAILED = 1, HWS_CALL_USAGE = 2 };

#define HWS_CALL_MAKES_CONF 1u  /* a named configuration file may be missing */
#define HWS_CALL_MAKES_STATE 2u /* the folders of the state and the socket */

/* A verb's arguments, taken apart. */
struct hws_call {
	struct hws_settings s; /* with all paths */
	int argc;              /* options only, from argv[0] = the verb on */
	char **argv;
	int words; /* what is no option and no value of one */
	char **word;
};

/* Takes options and words apart, in whatever order they stand (argv is sorted for it), and loads
 * the settings. `makes`: HWS_CALL_MAKES_; who only asks makes nothing. 0, or the exit status of
 * what was told on standard error; hws_call_end is due after 0 only. */
int hws_call_begin(struct hws_call *c, int argc, char **argv, int max_words,
		unsigned makes) HWS_MUST_CHECK;
void hws_call_end(struct hws_call *c);
/* Takes a flag of the verb itself out of the arguments. Before hws_call_begin. */
bool hws_call_flag(int *argc, char **argv, const char *flag);
/* Is the help asked for? Before hws_call_begin. */
bool hws_call_wants_help(int argc, char **argv);
/* Tells the error on standard error; HWS_CALL_FAILED. */
int hws_call_fail(const struct hws_error *err);
/* Asks the running host; takes `req` over, the answer is the caller's. HWS_ERR_REFUSED,
 * HWS_ERR_NOTFOUND: none runs. */
int hws_call_ask(const struct hws_settings *s, json_t *req, json_t **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Sorts options that stand in front of the verb behind it and its words. 0 or an exit status. */
int hws_call_verb_first(int argc, char **argv) HWS_MUST_CHECK;

/* Verbs with files of their own. */
int hws_cmd_password(int argc, char **argv, void *ctx);
int hws_cmd_config(int argc, char **argv, void *ctx);
int hws_cmd_status(int argc, char **argv, void *ctx);
int hws_cmd_doctor(int argc, char **argv, void *ctx);
int hws_cmd_chat(int argc, char **argv, void *ctx);
int hws_cmd_voice(int argc, char **argv, void *ctx);
int hws_cmd_print(int argc, char **argv, void *ctx);
int hws_cmd_permit(int argc, char **argv, void *ctx);
int hws_cmd_audit(int argc, char **argv, void *ctx);
