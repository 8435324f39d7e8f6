/* A loop is asked by a post, which runs when the loop turns; one that has not run by the next look
 * is not posted again, since the loop still has it. */
#include "shared/daemon/watchdog.h"

#include "shared/base/clock.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <unistd.h>

struct watched {
	struct hws_list node;
	const char *name;
	struct hws_loop *loop; /* NULL: a thread without one, asked by ask_fd */
	struct hws_post post;
	int ask_fd;
	const uint64_t *answers; /* atomic */
	uint64_t of_loop;        /* what `answers` is for a loop */
	uint64_t seen;
	bool stuck;
};

struct hws_watchdog {
	struct hws_loop *loop;
	struct hws_timer timer;
	struct hws_list all;
	void (*on_alive)(void *arg);
	void *arg;
	const char *stuck;
	uint64_t period_us, looked_us;
};

static void on_post(void *arg)
{
	struct watched *w = arg;

	__atomic_add_fetch(&w->of_loop, 1, __ATOMIC_RELEASE);
}

static void ask(struct watched *w)
{
	uint64_t one = 1;

	if (w->loop)
		hws_loop_post_node(w->loop, &w->post);
	else if (write(w->ask_fd, &one, sizeof(one)) < 0)
		hws_debug("watchdog.ask", HWS_STR("thread", w->name));
}

static void look_at(struct watched *w)
{
	uint64_t answers = __atomic_load_n(w->answers, __ATOMIC_ACQUIRE);
	bool stuck = answers == w->seen;

	if (stuck && !w->stuck)
		hws_error_log("watchdog.stuck", HWS_STR("thread", w->name));
	if (!stuck && w->stuck)
		hws_warn("watchdog.turns_again", HWS_STR("thread", w->name));
	w->stuck = stuck;
	w->seen = answers;
	if (!stuck)
		ask(w);
}

static void look_at_all(struct hws_watchdog *w)
{
	struct hws_list *n;

	w->stuck = NULL;
	hws_list_for (n, &w->all) {
		struct watched *one = hws_container(n, struct watched, node);

		look_at(one);
		if (one->stuck)
			w->stuck = one->name;
	}
}

static void on_look(void *arg)
{
	struct hws_watchdog *w = arg;
	uint64_t now = hws_clock_us();
	/* Who was stopped as a whole (docker pause) knows nothing of the threads yet. */
	bool late = now - w->looked_us > 2 * w->period_us;

	w->looked_us = now;
	if (!late)
		look_at_all(w);
	if (!w->stuck)
		w->on_alive(w->arg);
}

int hws_watchdog_new(struct hws_loop *loop, uint64_t period_us, void (*on_alive)(void *arg),
		void *arg, struct hws_watchdog **ret)
{
	struct hws_watchdog *w = hws_alloc(sizeof(*w));

	if (!w)
		return HWS_ERR_NOMEM;
	w->loop = loop;
	w->on_alive = on_alive;
	w->arg = arg;
	w->period_us = period_us;
	w->looked_us = hws_clock_us();
	hws_list_init(&w->all);
	hws_timer_every(loop, &w->timer, period_us, on_look, w);
	*ret = w;
	return HWS_OK;
}

void hws_watchdog_free(struct hws_watchdog *w)
{
	struct hws_list *n;

	if (!w)
		return;
	hws_timer_stop(&w->timer);
	while ((n = hws_list_first(&w->all))) {
		hws_list_remove(n);
		hws_free(hws_container(n, struct watched, node));
	}
	hws_free(w);
}

static struct watched *watch(struct hws_watchdog *w, const char *name)
{
	struct watched *one = hws_alloc(sizeof(*one));

	if (!one)
		return NULL;
	one->name = name;
	hws_list_push(&w->all, &one->node);
	return one;
}

int hws_watchdog_loop(struct hws_watchdog *w, struct hws_loop *loop, const char *name)
{
	struct watched *one = watch(w, name);

	if (!one)
		return HWS_ERR_NOMEM;
	one->loop = loop;
	one->answers = &one->of_loop;
	one->post.fn = on_post;
	one->post.arg = one;
	ask(one);
	return HWS_OK;
}

int hws_watchdog_thread(
		struct hws_watchdog *w, int ask_fd, const uint64_t *answers, const char *name)
{
	struct watched *one = watch(w, name);

	if (!one)
		return HWS_ERR_NOMEM;
	one->ask_fd = ask_fd;
	one->answers = answers;
	one->seen = __atomic_load_n(answers, __ATOMIC_ACQUIRE);
	ask(one);
	return HWS_OK;
}

const char *hws_watchdog_stuck(const struct hws_watchdog *w)
{
	return w->stuck;
}
