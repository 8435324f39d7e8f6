/* libevent with a turn: what was deferred in it is freed at its end, when no callback up the
 * stack can still hold it; posts of other threads come in by one eventfd. */
#include "shared/loop/loop.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct hws_loop {
	struct event_base *base;
	struct event wake;    /* readable when another thread posted or asks to stop */
	struct event timeout; /* of hws_loop_once */
	struct hws_list deferred, at_end;
	uint64_t now_us; /* 0 = not read in this turn */
	uint64_t (*clock)(void *arg);
	void *clock_arg;
	int wake_fd;
	bool wake_added, has_lock;
	bool stop; /* atomic */

	pthread_mutex_t lock; /* protects what follows */
	struct hws_list posts;
	bool woken; /* for those that wait there */
};

static void wake(struct hws_loop *loop)
{
	const uint64_t one = 1;

	/* The counter cannot overflow in practice, and a full one is readable anyway. */
	while (write(loop->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	(void)what;
	(void)arg;
	/* Only empties the counter: posts run after the events of every turn. */
	while (read((int)fd, &n, sizeof(n)) < 0 && errno == EINTR)
		;
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* A base belongs to one thread and other threads reach it by eventfd alone, so it needs no
 * locks. */
static int base_new(int flags, struct event_base **ret)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (!config)
		return HWS_ERR_NOMEM;
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | flags) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	if (!base)
		return HWS_ERR_NOMEM;
	*ret = base;
	return HWS_OK;
}

static int loop_new(int flags, struct hws_loop **ret)
{
	struct hws_loop *loop = hws_alloc(sizeof(*loop));
	int r;

	if (!loop)
		return HWS_ERR_NOMEM;
	hws_list_init(&loop->deferred);
	hws_list_init(&loop->at_end);
	hws_list_init(&loop->posts);
	loop->has_lock = pthread_mutex_init(&loop->lock, NULL) == 0;
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!loop->has_lock || loop->wake_fd < 0) {
		r = hws_err_from_errno(errno);
		goto out;
	}
	r = base_new(flags, &loop->base);
	if (r < 0)
		goto out;
	r = HWS_ERR_NOMEM;
	if (evtimer_assign(&loop->timeout, loop->base, on_timeout, loop) < 0 ||
			event_assign(&loop->wake, loop->base, loop->wake_fd, EV_READ | EV_PERSIST,
					on_wake, loop) < 0 ||
			event_add(&loop->wake, NULL) < 0)
		goto out;
	loop->wake_added = true;
	*ret = loop;
	return HWS_OK;
out:
	hws_loop_free(loop);
	return r;
}

int hws_loop_new(struct hws_loop **ret)
{
	return loop_new(EVENT_BASE_FLAG_PRECISE_TIMER, ret);
}

int hws_loop_new_coarse(struct hws_loop **ret)
{
	return loop_new(0, ret);
}

struct event_base *hws_loop_base(struct hws_loop *loop)
{
	return loop->base;
}

/* Moves all nodes of `from` to the empty list `to`. */
static void take_all(struct hws_list *from, struct hws_list *to)
{
	hws_list_init(to);
	if (hws_list_empty(from))
		return;
	to->next = from->next;
	to->prev = from->prev;
	to->next->prev = to;
	to->prev->next = to;
	hws_list_init(from);
}

/* What is added meanwhile waits for the next turn, so a post that posts again starves nobody. */
static bool run_posts(struct hws_loop *loop)
{
	struct hws_list now, *node;
	bool any;

	pthread_mutex_lock(&loop->lock);
	take_all(&loop->posts, &now);
	loop->woken = false;
	pthread_mutex_unlock(&loop->lock);
	any = !hws_list_empty(&now);
	while ((node = hws_list_first(&now))) {
		struct hws_post *post = hws_container(node, struct hws_post, node);

		hws_list_remove(node);
		post->fn(post->arg);
	}
	return any;
}

static bool run_deferred(struct hws_list *list)
{
	struct hws_list now, *node;
	bool any;

	take_all(list, &now);
	any = !hws_list_empty(&now);
	while ((node = hws_list_first(&now))) {
		struct hws_deferred *d = hws_container(node, struct hws_deferred, node);

		hws_list_remove(node);
		d->fn(d->arg);
	}
	return any;
}

void hws_loop_free(struct hws_loop *loop)
{
	bool more = true;

	if (!loop)
		return;
	run_deferred(&loop->at_end);
	while (more && loop->has_lock) {
		more = run_posts(loop);
		more |= run_deferred(&loop->deferred);
	}
	if (loop->wake_added) {
		event_del(&loop->wake);
		event_del(&loop->timeout);
	}
	if (loop->base)
		event_base_free(loop->base);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	if (loop->has_lock)
		pthread_mutex_destroy(&loop->lock);
	hws_free(loop);
}

static int turn(struct hws_loop *loop, bool wait)
{
	int r;

	loop->now_us = 0;
	if (!hws_list_empty(&loop->deferred))
		wait = false; /* deferred outside of a turn, or by a deferred call */
	r = event_base_loop(loop->base, wait ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
	if (r < 0)
		return HWS_ERR_SYS;
	run_posts(loop);
	run_deferred(&loop->deferred);
	return HWS_OK;
}

int hws_loop_run(struct hws_loop *loop)
{
	int r = HWS_OK;

	while (r == HWS_OK && !__atomic_load_n(&loop->stop, __ATOMIC_ACQUIRE))
		r = turn(loop, true);
	__atomic_store_n(&loop->stop, false, __ATOMIC_RELEASE);
	return r;
}

int hws_loop_once(struct hws_loop *loop, uint64_t timeout_us)
{
	struct timeval tv = {
		.tv_sec = (time_t)(HWS_MIN(timeout_us, 86400 * HWS_US_PER_S) / HWS_US_PER_S),
		.tv_usec = (suseconds_t)(timeout_us % HWS_US_PER_S),
	};
	int r;

	if (timeout_us && event_add(&loop->timeout, &tv) < 0)
		return HWS_ERR_NOMEM;
	r = turn(loop, timeout_us > 0);
	event_del(&loop->timeout);
	return r;
}

void hws_loop_stop(struct hws_loop *loop)
{
	__atomic_store_n(&loop->stop, true, __ATOMIC_RELEASE);
	wake(loop);
}

uint64_t hws_loop_now_us(struct hws_loop *loop)
{
	if (loop->clock)
		return loop->clock(loop->clock_arg);
	if (!loop->now_us)
		loop->now_us = hws_clock_us();
	return loop->now_us;
}

void hws_loop_set_clock(struct hws_loop *loop, uint64_t (*clock)(void *arg), void *arg)
{
	loop->clock = clock;
	loop->clock_arg = arg;
}

static void defer(struct hws_list *list, struct hws_deferred *d, void (*fn)(void *arg), void *arg)
{
	if (hws_list_linked(&d->node))
		return;
	d->fn = fn;
	d->arg = arg;
	hws_list_push(list, &d->node);
}

void hws_loop_defer(struct hws_loop *loop, struct hws_deferred *d, void (*fn)(void *arg), void *arg)
{
	defer(&loop->deferred, d, fn, arg);
}

void hws_loop_at_end(
		struct hws_loop *loop, struct hws_deferred *d, void (*fn)(void *arg), void *arg)
{
	defer(&loop->at_end, d, fn, arg);
}

void hws_loop_defer_cancel(struct hws_deferred *d)
{
	hws_list_remove(&d->node);
}

static void post_node(struct hws_loop *loop, struct hws_post *post, bool quiet)
{
	pthread_mutex_lock(&loop->lock);
	hws_list_push(&loop->posts, &post->node);
	/* Later ones are covered by the first wake-up: the loop takes all of them at once. Under
	 * the lock, because the loop may run the post and be freed as soon as it can see it. */
	if (!quiet && !loop->woken) {
		loop->woken = true;
		wake(loop);
	}
	pthread_mutex_unlock(&loop->lock);
}

void hws_loop_post_node(struct hws_loop *loop, struct hws_post *post)
{
	post_node(loop, post, false);
}

struct heap_post {
	struct hws_post post;
	void (*fn)(void *arg);
	void *arg;
};

static void run_heap_post(void *arg)
{
	struct heap_post *p = arg;
	struct heap_post copy = *p;

	hws_free(p);
	copy.fn(copy.arg);
}

static int post_call(struct hws_loop *loop, void (*fn)(void *arg), void *arg, bool quiet)
{
	struct heap_post *p = hws_alloc(sizeof(*p));

	if (!p)
		return HWS_ERR_NOMEM;
	p->post.fn = run_heap_post;
	p->post.arg = p;
	p->fn = fn;
	p->arg = arg;
	post_node(loop, &p->post, quiet);
	return HWS_OK;
}

int hws_loop_post(struct hws_loop *loop, void (*fn)(void *arg), void *arg)
{
	return post_call(loop, fn, arg, false);
}

int hws_loop_post_quiet(struct hws_loop *loop, void (*fn)(void *arg), void *arg)
{
	return post_call(loop, fn, arg, true);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct hws_timer *t = arg;

	(void)fd;
	(void)what;
	t->fn(t->arg);
}

static void timer_arm(struct hws_loop *loop, struct hws_timer *t, uint64_t us, short flags)
{
	struct timeval tv = {
		.tv_sec = (time_t)(us / HWS_US_PER_S),
		.tv_usec = (suseconds_t)(us % HWS_US_PER_S),
	};

	if (t->armed_once)
		event_del(&t->ev);
	t->armed_once = true;
	if (event_assign(&t->ev, loop->base, -1, flags, on_timer, t) < 0 ||
			event_add(&t->ev, &tv) < 0)
		hws_error_log("loop.timer_failed", HWS_ERR("error", HWS_ERR_NOMEM));
}

void hws_timer_start(struct hws_loop *loop, struct hws_timer *t, uint64_t delay_us,
		void (*fn)(void *arg), void *arg)
{
	t->period_us = 0;
	t->fn = fn;
	t->arg = arg;
	timer_arm(loop, t, delay_us, 0);
}

void hws_timer_every(struct hws_loop *loop, struct hws_timer *t, uint64_t period_us,
		void (*fn)(void *arg), void *arg)
{
	t->period_us = period_us;
	t->fn = fn;
	t->arg = arg;
	timer_arm(loop, t, period_us, EV_PERSIST);
}

void hws_timer_stop(struct hws_timer *t)
{
	if (t->armed_once)
		event_del(&t->ev);
}

bool hws_timer_active(const struct hws_timer *t)
{
	return t->armed_once && evtimer_pending(&t->ev, NULL);
}
