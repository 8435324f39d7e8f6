/* The calls of hawser/terminal.h. They check on the embedder's thread what can be checked there;
 * what the host has to be asked for goes to the loop's thread as a command. */
#include "client/api/terminals.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <signal.h>

#define READ_MAX (1u << 20)
#define WRITE_MAX (64u << 10) /* by one call */

/* --- the table -------------------------------------------------------------------------------- */

struct api_terminals *api_terminals_new(void)
{
	struct api_terminals *ts = hws_alloc(sizeof(*ts));

	for (size_t i = 0; ts && i < HAWSER_TERMINALS_MAX; i++)
		hws_list_init(&ts->terminal[i].output);
	return ts;
}

void api_terminal_release(struct api_terminal *t)
{
	struct hws_list *node;

	while ((node = hws_list_first(&t->output))) {
		hws_list_remove(node);
		hws_free(hws_container(node, struct api_output, node));
	}
	*t = (struct api_terminal){ 0 };
	hws_list_init(&t->output);
}

void api_terminals_free(struct api_terminals *ts)
{
	for (size_t i = 0; ts && i < HAWSER_TERMINALS_MAX; i++)
		api_terminal_release(&ts->terminal[i]);
	hws_free(ts);
}

struct api_terminal *api_terminal_find(struct api_terminals *ts, int id)
{
	for (size_t i = 0; id > 0 && i < HAWSER_TERMINALS_MAX; i++)
		if (ts->terminal[i].id == id)
			return &ts->terminal[i];
	return NULL;
}

/* One that was never used, else one that has ended and was left. */
static struct api_terminal *find_free(struct api_terminals *ts)
{
	struct api_terminal *left = NULL;

	for (size_t i = 0; i < HAWSER_TERMINALS_MAX; i++) {
		if (ts->terminal[i].id == 0)
			return &ts->terminal[i];
		if (!ts->terminal[i].live)
			left = &ts->terminal[i];
	}
	return left;
}

/* --- opening ---------------------------------------------------------------------------------- */

int hawser_terminal_open(hawser_context *ctx, const struct hawser_link_config *link,
		const struct hawser_terminal_config *config, hawser_session **ret)
{
	struct hawser_terminal_config c = HAWSER_TERMINAL_CONFIG_INIT;
	struct hws_session_wish wish = { .kind = HWS_KIND_TERMINAL };
	struct hws_view_options options = { 0 };

	*ret = NULL;
	if (config)
		memcpy(&c, config, HWS_MIN(config->size, sizeof(c)));
	if (c.os_user && (!*c.os_user || strlen(c.os_user) >= 64))
		return api_fail(HAWSER_ERR_INVAL,
				"the name of the other account must have 1 to 63 bytes");
	if (c.os_password && !c.os_user)
		return api_fail(HAWSER_ERR_INVAL,
				"a password of an account needs the account's name");
	wish.os_username = c.os_user;
	wish.os_password_secret = c.os_password;
	options.terminal_persistent = c.keep;
	return api_session_open(ctx, link, &wish, &options, &c, ret);
}

static size_t count_texts(const char *const *texts, size_t *size)
{
	size_t n = 0;

	for (; texts && texts[n]; n++)
		*size += strlen(texts[n]) + 1;
	return n;
}

static char *put_text(char *at, const char *text)
{
	size_t n = strlen(text) + 1;

	memcpy(at, text, n);
	return at + n;
}

static int check_start(const struct hawser_terminal_start *w)
{
	if (w->id < 1)
		return api_fail(HAWSER_ERR_INVAL, "the numbers of terminals begin with 1");
	if (w->rows < 1 || w->rows > HAWSER_TERMINAL_SIDE_MAX || w->cols < 1 ||
			w->cols > HAWSER_TERMINAL_SIDE_MAX)
		return api_fail(HAWSER_ERR_RANGE, "a terminal has 1 to %u rows and columns",
				HAWSER_TERMINAL_SIDE_MAX);
	if (w->attach && w->argv)
		return api_fail(HAWSER_ERR_INVAL,
				"a terminal that is there already runs its own command");
	if (w->argv && (!w->argv[0] || !*w->argv[0]))
		return api_fail(HAWSER_ERR_INVAL, "the command is empty");
	for (size_t i = 0; w->env && w->env[i]; i++)
		if (!strchr(w->env[i], '=') || w->env[i][0] == '=')
			return api_fail(HAWSER_ERR_INVAL, "the environment consists of NAME=VALUE");
	return HAWSER_OK;
}

/* On success the slot is live. */
static int claim(hawser_session *s, int id)
{
	struct api_terminal *t;
	int r = HAWSER_OK;

	pthread_mutex_lock(&s->lock);
	t = api_terminal_find(s->terminals, id);
	if (t && t->live)
		r = HAWSER_ERR_EXISTS;
	else if (!t)
		t = find_free(s->terminals);
	if (r == HAWSER_OK && !t)
		r = HAWSER_ERR_FULL;
	if (r == HAWSER_OK) {
		api_terminal_release(t);
		t->id = id;
		t->live = true;
	}
	pthread_mutex_unlock(&s->lock);
	if (r == HAWSER_ERR_EXISTS)
		return api_fail(r, "terminal %d is open already", id);
	return r < 0 ? api_fail(r, "%u terminals are open already", HAWSER_TERMINALS_MAX) : r;
}

static int need_ready(const hawser_session *s)
{
	int r = api_need_kind(s, HWS_KIND_TERMINAL);

	if (r < 0)
		return r;
	return hawser_session_state(s) == HAWSER_STATE_READY
			? HAWSER_OK
			: api_fail(HAWSER_ERR_DENIED, "the session is not connected");
}

int hawser_terminal_start(hawser_session *s, const struct hawser_terminal_start *start)
{
	struct hawser_terminal_start w = HAWSER_TERMINAL_START_INIT;
	struct api_terminal_wish *wish;
	size_t size = sizeof(*wish), argc, env_count;
	int r = need_ready(s);

	if (r < 0)
		return r;
	memcpy(&w, start, HWS_MIN(start->size, sizeof(w)));
	r = check_start(&w);
	if (r < 0)
		return r;
	size += w.term ? strlen(w.term) + 1 : 0;
	argc = count_texts(w.argv, &size);
	env_count = count_texts(w.env, &size);
	if (argc > HWS_TERMINAL_ARGS_MAX || env_count > HWS_TERMINAL_ENV_MAX ||
			size > sizeof(*wish) + HWS_TERMINAL_ARG_BYTES)
		return api_fail(HAWSER_ERR_TOOBIG,
				"a command has at most %u words and, with its environment, %u KiB",
				HWS_TERMINAL_ARGS_MAX, HWS_TERMINAL_ARG_BYTES >> 10);
	wish = hws_alloc(size);
	if (!wish)
		return api_fail(HAWSER_ERR_NOMEM, "out of memory");
	*wish = (struct api_terminal_wish){ .rows = (uint16_t)w.rows,
		.cols = (uint16_t)w.cols,
		.no_pty = w.no_pty,
		.attach = w.attach,
		.keep = w.keep,
		.has_term = w.term != NULL,
		.argc = argc,
		.env_count = env_count };
	char *at = wish->texts;
	if (w.term)
		at = put_text(at, w.term);
	for (size_t i = 0; i < argc; i++)
		at = put_text(at, w.argv[i]);
	for (size_t i = 0; i < env_count; i++)
		at = put_text(at, w.env[i]);
	r = claim(s, w.id);
	if (r == HAWSER_OK) {
		r = api_post(s,
				&(struct api_command){ .fn = api_terminal_do_start,
						.a = w.id,
						.size = size,
						.data = (char *)wish });
		if (r < 0) {
			pthread_mutex_lock(&s->lock);
			api_terminal_release(api_terminal_find(s->terminals, w.id));
			pthread_mutex_unlock(&s->lock);
			api_fail(r, "the terminal could not be started: %s", hws_err_text(r));
		}
	}
	hws_free_wiped(wish, size); /* a command may name what is secret */
	return r;
}

/* --- output ----------------------------------------------------------------------------------- */

/* Takes of what waits in front what is of one stream. */
static size_t take(struct api_terminal *t, uint8_t *buf, size_t size, enum hawser_stream *stream,
		bool *end, size_t *counted)
{
	struct hws_list *node;
	size_t got = 0;

	while ((node = hws_list_first(&t->output))) {
		struct api_output *o = hws_container(node, struct api_output, node);
		enum hawser_stream of = o->errors ? HAWSER_STREAM_ERR : HAWSER_STREAM_OUT;
		size_t n = HWS_MIN(o->len - o->at, size - got);

		if (got && of != *stream)
			break;
		*stream = of;
		if (n)
			memcpy(buf + got, o->data + o->at, n);
		got += n;
		o->at += n;
		*counted += o->counted ? n : 0;
		if (o->at < o->len)
			break; /* the buffer is full */
		if (o->eof && got)
			break; /* told by the next call */
		*end = o->eof;
		hws_list_remove(node);
		hws_free(o);
		if (*end)
			break;
	}
	return got;
}

long hawser_terminal_read(hawser_session *s, int id, void *buf, size_t size,
		enum hawser_stream *ret_stream, bool *ret_end)
{
	struct api_terminal *t;
	size_t got = 0, counted = 0;
	int r = api_need_kind(s, HWS_KIND_TERMINAL);

	*ret_stream = HAWSER_STREAM_NONE;
	*ret_end = false;
	if (r < 0)
		return r;
	pthread_mutex_lock(&s->lock);
	t = api_terminal_find(s->terminals, id);
	if (t && size)
		got = take(t, buf, HWS_MIN(size, (size_t)READ_MAX), ret_stream, ret_end, &counted);
	if (t && hws_list_empty(&t->output))
		t->told = false;
	pthread_mutex_unlock(&s->lock);
	if (!t)
		return api_fail(HAWSER_ERR_NOTFOUND, "there is no terminal %d", id);
	if (got &&
			api_post(s,
					&(struct api_command){ .fn = api_terminal_do_took,
							.a = id,
							.b = (int64_t)got,
							.c = (int64_t)counted,
							.owed = true }) < 0)
		return api_fail(HAWSER_ERR_NOMEM, "out of memory");
	return (long)got;
}

/* --- input ------------------------------------------------------------------------------------ */

long hawser_terminal_write(hawser_session *s, int id, const void *data, size_t size)
{
	struct api_terminal *t;
	size_t n = 0, chunk = HWS_MIN(size, (size_t)WRITE_MAX);
	int r = api_need_kind(s, HWS_KIND_TERMINAL);

	if (r < 0)
		return r;
	pthread_mutex_lock(&s->lock);
	t = api_terminal_find(s->terminals, id);
	if (!t || !t->live) {
		r = HAWSER_ERR_NOTFOUND;
	} else if (t->end_input) {
		r = HAWSER_ERR_CLOSED;
	} else {
		size_t used = HWS_MIN(t->posted + t->queued, (size_t)HWS_TERMINAL_INPUT_MAX);
		n = HWS_MIN(HWS_TERMINAL_INPUT_MAX - used, chunk);
		t->posted += n;
		t->wants_room = n < size;
	}
	pthread_mutex_unlock(&s->lock);
	if (r < 0)
		return api_fail(r,
				r == HAWSER_ERR_CLOSED ? "the input of terminal %d has ended"
						       : "there is no terminal %d",
				id);
	if (n == 0)
		return 0;
	/* Bounded by the room of each terminal, not by the number of commands. */
	if (api_post(s,
			    &(struct api_command){ .fn = api_terminal_do_input,
					    .a = id,
					    .owed = true,
					    .size = n,
					    .data = (char *)(uintptr_t)data }) < 0) {
		pthread_mutex_lock(&s->lock);
		t->posted -= n;
		pthread_mutex_unlock(&s->lock);
		return api_fail(HAWSER_ERR_NOMEM, "out of memory");
	}
	return (long)n;
}

size_t hawser_terminal_waiting(hawser_session *s, int id)
{
	struct api_terminal *t;
	size_t n = 0;

	if (api_need_kind(s, HWS_KIND_TERMINAL) < 0)
		return 0;
	pthread_mutex_lock(&s->lock);
	t = api_terminal_find(s->terminals, id);
	if (t && t->live)
		n = t->posted + t->queued;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* --- everything else -------------------------------------------------------------------------- */

/* A command about a terminal that is live. */
static int post_live(hawser_session *s, const struct api_command *c)
{
	struct api_terminal *t;
	bool live;
	int r = api_need_kind(s, HWS_KIND_TERMINAL);

	if (r < 0)
		return r;
	pthread_mutex_lock(&s->lock);
	t = api_terminal_find(s->terminals, (int)c->a);
	live = t && t->live;
	if (live && c->fn == api_terminal_do_end_input)
		t->end_input = true;
	pthread_mutex_unlock(&s->lock);
	if (!live)
		return api_fail(HAWSER_ERR_NOTFOUND, "there is no terminal %d", (int)c->a);
	return api_post(s, c);
}

int hawser_terminal_end_input(hawser_session *s, int id)
{
	return post_live(s,
			&(struct api_command){
					.fn = api_terminal_do_end_input, .a = id, .owed = true });
}

int hawser_terminal_resize(hawser_session *s, int id, unsigned rows, unsigned cols)
{
	if (rows < 1 || rows > HAWSER_TERMINAL_SIDE_MAX || cols < 1 ||
			cols > HAWSER_TERMINAL_SIDE_MAX)
		return api_fail(HAWSER_ERR_RANGE, "a terminal has 1 to %u rows and columns",
				HAWSER_TERMINAL_SIDE_MAX);
	return post_live(s,
			&(struct api_command){ .fn = api_terminal_do_resize,
					.a = id,
					.b = rows,
					.c = cols });
}

int hawser_terminal_signal(hawser_session *s, int id, unsigned number)
{
	int r;

	if (number < 1 || number >= NSIG)
		return api_fail(HAWSER_ERR_RANGE, "there is no signal %u", number);
	r = need_ready(s);
	return r < 0 ? r
		     : post_live(s,
				       &(struct api_command){ .fn = api_terminal_do_signal,
						       .a = id,
						       .b = number });
}

int hawser_terminal_close(hawser_session *s, int id)
{
	return post_live(s, &(struct api_command){ .fn = api_terminal_do_close, .a = id });
}

/* Deployed hosts have no list, and keep what they keep. */
static int need_extended(hawser_session *s)
{
	enum hawser_encryption encryption;
	int r = need_ready(s);

	if (r < 0)
		return r;
	pthread_mutex_lock(&s->lock);
	encryption = s->peer.encryption;
	pthread_mutex_unlock(&s->lock);
	return encryption == HAWSER_ENCRYPTION_V2
			? HAWSER_OK
			: api_fail(HAWSER_ERR_UNSUPPORTED,
					  "this host does not speak hawser v2: it has no list of the "
					  "terminals that it keeps");
}

int hawser_terminal_list(hawser_session *s)
{
	int r = need_extended(s);

	return r < 0 ? r : api_post(s, &(struct api_command){ .fn = api_terminal_do_list });
}

int hawser_terminal_kill(hawser_session *s, int id)
{
	int r = need_extended(s);

	return r < 0 ? r
		     : api_post(s, &(struct api_command){ .fn = api_terminal_do_kill, .a = id });
}
