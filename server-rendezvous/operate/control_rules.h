/* rendezvous/operate/control_rules: commands that change lists, groups and rules, live and in the
 * store. */
#pragma once
#include "shared/daemon/control.h"

struct rdv_core;
struct rdv_entry;

/* Another node has changed an entry (which is in the store already): takes effect here too. `e`
 * NULL: some changes may have been missed, all are read again. */
void rdv_rules_heard(const struct rdv_entry *e, bool removed, void *arg);

void rdv_cmd_block(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_unblock(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_allow(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_unallow(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_rules(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_group_add(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_group_remove(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_rule(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_enrol(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_enrolled_only(struct hws_control_reply *reply, const json_t *req, void *arg);
