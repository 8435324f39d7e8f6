/* All servers of a setting side by side, on a loop that lives as long as that takes. */
#include "client/doctor/doctor.h"
#include "client/doctor/judge.h"
#include "client/reach/server_list.h"
#include "shared/base/mem.h"
#include <stdlib.h>

#define WORKERS 4
#define JOBS 128

void hws_doctor_hurry(void)
{
	setenv("RES_OPTIONS", "timeout:2 attempts:1", 0);
}

struct run;

struct one {
	struct run *run;
	struct hws_doctor *doctor;
	json_t *list;
};

struct run {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_server_list servers;
	struct one one[HWS_SERVERS_MAX];
	size_t running;
};

static void on_done(const struct hws_doctor_facts *facts, void *arg)
{
	struct one *o = arg;

	hws_doctor_judge(facts, o->list);
	if (--o->run->running == 0)
		hws_loop_stop(o->run->loop);
}

static int start(struct run *run, const struct hws_doctor_conf *conf, struct hws_error *err)
{
	int r = HWS_OK;

	for (size_t i = 0; i < run->servers.count && r == HWS_OK; i++) {
		struct hws_doctor_conf c = { .server = run->servers.entry[i].text,
			.key = run->servers.entry[i].key,
			.proxy = conf->proxy };
		struct one *o = &run->one[i];

		o->run = run;
		o->list = json_array();
		r = o->list ? hws_doctor_new(run->loop, run->work, &c, on_done, o, &o->doctor, err)
			    : hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
		run->running += r == HWS_OK;
	}
	return r;
}

/* In the order of the servers. */
static json_t *collect(const struct run *run)
{
	json_t *all = json_array(), *finding;
	size_t k;

	for (size_t i = 0; i < run->servers.count; i++) {
		json_array_foreach (run->one[i].list, k, finding)
			if (run->servers.count > 1)
				json_object_set_new(finding, "server",
						json_string(run->servers.entry[i].text));
		json_array_extend(all, run->one[i].list);
	}
	return all;
}

static void end(struct run *run)
{
	for (size_t i = 0; i < HWS_SERVERS_MAX; i++)
		hws_doctor_free(run->one[i].doctor);
	hws_work_free(run->work);
	hws_loop_free(run->loop);
	for (size_t i = 0; i < HWS_SERVERS_MAX; i++)
		json_decref(run->one[i].list);
	hws_free(run);
}

int hws_doctor_run(const struct hws_doctor_conf *conf, json_t **ret, struct hws_error *err)
{
	struct run *run = hws_alloc(sizeof(*run));
	int r;

	if (!run)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	r = hws_server_list_parse(conf->server ? conf->server : "", conf->key ? conf->key : "",
			&run->servers, err);
	if (r == HWS_OK && run->servers.count == 0)
		r = hws_error_set(err, HWS_ERR_INVAL,
				"no rendezvous server is configured: name one with --server");
	if (r == HWS_OK) {
		r = hws_loop_new(&run->loop);
		if (r == HWS_OK)
			r = hws_work_new(WORKERS, JOBS, &run->work);
		if (r < 0)
			hws_error_set(err, r, "cannot begin: %s", hws_err_text(r));
	}
	if (r == HWS_OK)
		r = start(run, conf, err);
	if (r == HWS_OK)
		hws_loop_run(run->loop);
	if (r == HWS_OK) {
		*ret = collect(run);
		if (!*ret)
			r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	}
	end(run);
	return r;
}
