/* The loops over the services of one desktop. Each hook is called in the order of the registry, so what one service says
 * to a viewer that comes is always said before what the next one says. */
#include "client/services/host_service.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

struct hws_host_set {
	struct hws_host_service *service[HWS_HOST_SERVICES_MAX];
	unsigned count;
};

/* `s` is each service in turn that has this hook. */
#define each_service(set, s, hook)                                                                 \
	for (unsigned i_ = 0; i_ < (set)->count; i_++)                                             \
		if (s = (set)->service[i_], s->impl->hook)

int hws_host_set_new(const struct hws_host_service_impl *const *list,
		const struct hws_host_env *env, struct hws_host_set **ret)
{
	struct hws_host_set *set = hws_alloc(sizeof(*set));
	int r = set ? HWS_OK : HWS_ERR_NOMEM;

	for (; r == HWS_OK && *list; list++) {
		if (set->count == HWS_HOST_SERVICES_MAX)
			r = HWS_ERR_FULL;
		else
			r = (*list)->new (env, &set->service[set->count]);
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

	each_service (set, s, join)
		s->impl->join(s, v);
	if (o)
		hws_host_set_option(set, v, o);
}

void hws_host_set_leave(struct hws_host_set *set, struct hws_host_viewer *v)
{
	struct hws_host_service *s;

	each_service (set, s, leave)
		s->impl->leave(s, v);
}

void hws_host_set_update(struct hws_host_set *set, struct hws_host_viewer *v)
{
	struct hws_host_service *s;

	each_service (set, s, update)
		s->impl->update(s, v);
}

void hws_host_set_option(
		struct hws_host_set *set, struct hws_host_viewer *v, const Ses__OptionMessage *o)
{
	struct hws_host_service *s;

	each_service (set, s, option)
		s->impl->option(s, v, o);
}

bool hws_host_set_message(
		struct hws_host_set *set, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct hws_host_service *s;

	each_service (set, s, message)
		if (s->impl->message(s, v, m))
			return true;
	return false;
}

void hws_host_set_line(struct hws_host_set *set, struct hws_host_viewer *v,
		const struct hws_flow_answer *a)
{
	struct hws_host_service *s;

	each_service (set, s, line)
		s->impl->line(s, v, a);
}

void hws_host_set_drained(struct hws_host_set *set, struct hws_host_viewer *v)
{
	struct hws_host_service *s;

	each_service (set, s, drained)
		s->impl->drained(s, v);
}

void hws_host_set_describe(struct hws_host_set *set, Ses__PeerInfo *info)
{
	struct hws_host_service *s;

	each_service (set, s, describe)
		s->impl->describe(s, info);
}

int hws_host_set_command(struct hws_host_set *set, const char *service, struct hws_host_viewer *v,
		const char *text, struct hws_error *err)
{
	struct hws_host_service *s;

	each_service (set, s, command)
		if (hws_str_equal(s->impl->name, service))
			return s->impl->command(s, v, text, err);
	return hws_error_set(err, HWS_ERR_NOTFOUND, "this host has no such service");
}
