/* The loops over the services of one agent. Each hook is called in the order of the registry, so
 * what one service says to a viewer that comes is always said before what the next one says. A
 * message goes to the one service that the table of messages names. */
#include "client/services/host_service.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

struct hws_host_set {
	struct hws_host_service *service[HWS_SERVICE_COUNT]; /* in the order of the registry */
	unsigned count;
};

static bool takes_part(const struct hws_host_service *s, const struct hws_host_viewer *v)
{
	return (s->impl->kinds & HWS_KIND_BIT(v->kind)) != 0;
}

/* `s` is each service in turn that has this hook and takes part in the session of `v`. */
#define each_service(set, v, s, hook)                                                              \
	for (unsigned i_ = 0; i_ < (set)->count; i_++)                                             \
		if (s = (set)->service[i_], s->impl->hook && takes_part(s, v))

static struct hws_host_service *find(const struct hws_host_set *set, unsigned id)
{
	for (unsigned i = 0; i < set->count; i++)
		if ((unsigned)set->service[i]->impl->id == id)
			return set->service[i];
	return NULL;
}

int hws_host_set_new(const struct hws_host_service_impl *const *list,
		const struct hws_host_env *env, struct hws_host_set **ret)
{
	struct hws_host_set *set = hws_alloc(sizeof(*set));
	int r = set ? HWS_OK : HWS_ERR_NOMEM;

	for (; r == HWS_OK && *list; list++) {
		r = find(set, (*list)->id) ? HWS_ERR_EXISTS
					   : (*list)->new (env, &set->service[set->count]);
		if (r == HWS_OK)
			set->count++;
	}
	if (r < 0)
		hws_host_set_free(set);
	else
		*ret = set;
	return r;
}

void hws_host_set_free(struct hws_host_set *set)
{
	if (!set)
		return;
	for (unsigned i = 0; i < set->count; i++)
		set->service[i]->impl->free(set->service[i]);
	hws_free(set);
}

void hws_host_set_join(
		struct hws_host_set *set, struct hws_host_viewer *v, const Ses__OptionMessage *o)
{
	struct hws_host_service *s;

	each_service (set, v, s, join)
		s->impl->join(s, v);
	if (o)
		hws_host_set_option(set, v, o);
}

void hws_host_set_leave(struct hws_host_set *set, struct hws_host_viewer *v)
{
	struct hws_host_service *s;

	each_service (set, v, s, leave)
		s->impl->leave(s, v);
}

void hws_host_set_update(struct hws_host_set *set, struct hws_host_viewer *v)
{
	struct hws_host_service *s;

	each_service (set, v, s, update)
		s->impl->update(s, v);
}

void hws_host_set_option(
		struct hws_host_set *set, struct hws_host_viewer *v, const Ses__OptionMessage *o)
{
	struct hws_host_service *s;

	each_service (set, v, s, option)
		s->impl->option(s, v, o);
}

bool hws_host_set_opens(const struct hws_host_set *set, enum hws_session_kind kind)
{
	unsigned all = 0;

	for (unsigned i = 0; i < set->count; i++)
		all |= set->service[i]->impl->opens;
	return (all & HWS_KIND_BIT(kind)) != 0;
}

static struct hws_host_service *opener(const struct hws_host_set *set, enum hws_session_kind kind)
{
	for (unsigned i = 0; i < set->count; i++)
		if (set->service[i]->impl->opens & HWS_KIND_BIT(kind) &&
				set->service[i]->impl->open)
			return set->service[i];
	return NULL;
}

void hws_host_set_open(
		struct hws_host_set *set, struct hws_host_viewer *v, const Ses__LoginRequest *login)
{
	struct hws_host_service *s;
	const char *why = NULL;

	each_service (set, v, s, obstacle)
		why = why ? why : s->impl->obstacle(s);
	s = opener(set, v->kind);
	if (s && !why)
		s->impl->open(s, v, login);
	else
		v->opened(v, why, -1);
}

void hws_host_set_withdraw(struct hws_host_set *set, struct hws_host_viewer *v)
{
	struct hws_host_service *s = opener(set, v->kind);

	if (s && s->impl->leave)
		s->impl->leave(s, v);
}

void hws_host_set_configure(struct hws_host_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		if (set->service[i]->impl->configure)
			set->service[i]->impl->configure(set->service[i]);
}

bool hws_host_set_message(
		struct hws_host_set *set, struct hws_host_viewer *v, const Ses__Message *m)
{
	const struct hws_session_row *row = hws_session_row_of(m);
	struct hws_host_service *s = row ? find(set, row->service) : NULL;

	return s && s->impl->message && takes_part(s, v) && s->impl->message(s, v, m);
}

void hws_host_set_line(struct hws_host_set *set, struct hws_host_viewer *v,
		const struct hws_flow_answer *a)
{
	struct hws_host_service *s;

	each_service (set, v, s, line)
		s->impl->line(s, v, a);
}

void hws_host_set_drained(
		struct hws_host_set *set, struct hws_host_viewer *v, enum hws_send_class cls)
{
	struct hws_host_service *s;

	each_service (set, v, s, drained)
		s->impl->drained(s, v, cls);
}

void hws_host_set_describe(
		struct hws_host_set *set, const struct hws_host_viewer *v, Ses__PeerInfo *info)
{
	struct hws_host_service *s;

	each_service (set, v, s, describe)
		s->impl->describe(s, info);
}

int hws_host_set_command(struct hws_host_set *set, const char *service, struct hws_host_viewer *v,
		const char *text, struct hws_error *err)
{
	struct hws_host_service *s;

	each_service (set, v, s, command)
		if (hws_str_equal(s->impl->name, service))
			return s->impl->command(s, v, text, err);
	return hws_error_set(err, HWS_ERR_NOTFOUND, "this session has no such service");
}

void hws_host_audit(const struct hws_host_env *env, const struct hws_host_viewer *v,
		const struct hws_audit_event *e)
{
	struct hws_audit_event of = *e;

	if (v)
		of.conn = v->conn;
	if (env->on_audit)
		env->on_audit(&of, env->arg);
}

void hws_host_keep(const struct hws_host_env *env, unsigned count)
{
	if (env->on_keep)
		env->on_keep(count, env->arg);
}
