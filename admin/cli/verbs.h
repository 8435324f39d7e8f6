/* admin/verbs: the functions that rows of the table name. Each returns the exit status and has said
 * what went wrong. */
#pragma once
#include "admin/cli/call.h"

/* Of things that the API keeps, by the row's thing, method, path, body and bulk. */
int adm_run_list(struct adm_call *call);   /* GET thing + path */
int adm_run_show(struct adm_call *call);   /* each that the selectors mean */
int adm_run_add(struct adm_call *call);    /* POST; the first argument is its key */
int adm_run_set(struct adm_call *call);    /* PATCH what differs */
int adm_run_act(struct adm_call *call);    /* bulk, or method and path for each */
int adm_run_inside(struct adm_call *call); /* GET path of the one selected: its rows */
int adm_run_of(struct adm_call *call);     /* the same, of one object */
/* Of what there is once: by the row's path. */
int adm_run_get(struct adm_call *call);
int adm_run_change(struct adm_call *call);
int adm_run_post(struct adm_call *call);
/* A word of a control socket: row's path is the old word, method the server: "relay". */
int adm_run_control(struct adm_call *call);

int adm_user_add(struct adm_call *call);
int adm_user_password(struct adm_call *call);
int adm_user_link(struct adm_call *call); /* by which people choose their own password */
int adm_user_setup_link(struct adm_call *call);
int adm_user_token(struct adm_call *call);
int adm_user_break_glass(struct adm_call *call);
int adm_users_import(struct adm_call *call);
int adm_export(struct adm_call *call); /* the columns that an import reads, as CSV */
int adm_devices_import(struct adm_call *call);
int adm_entries_import(struct adm_call *call);
int adm_group_members(struct adm_call *call);
int adm_group_move(struct adm_call *call); /* what is named goes into the group */
int adm_group_drop(struct adm_call *call); /* and out of it */
int adm_device_tag(struct adm_call *call);
int adm_book_share(struct adm_call *call);
int adm_book_tag(struct adm_call *call);
int adm_rule_add(struct adm_call *call);
int adm_rule_set(struct adm_call *call);
int adm_rule_test(struct adm_call *call);
int adm_role_add(struct adm_call *call);
int adm_role_set(struct adm_call *call);
int adm_strategy_set(struct adm_call *call);
int adm_strategy_assign(struct adm_call *call);
int adm_audit_list(struct adm_call *call);
int adm_audit_export(struct adm_call *call);
int adm_audit_verify(struct adm_call *call);
int adm_token_add(struct adm_call *call);
int adm_relay_test(struct adm_call *call);
int adm_session_list(struct adm_call *call);
int adm_recording_get(struct adm_call *call);
int adm_recording_key(struct adm_call *call);
int adm_recording_open(struct adm_call *call);
int adm_key_show(struct adm_call *call);
int adm_db(struct adm_call *call);
int adm_db_backup_api(struct adm_call *call);
int adm_db_take_over(struct adm_call *call);
/* Brings groups, roles, accounts, books and rules to what a file says. */
int adm_apply(struct adm_call *call);
int adm_doctor(struct adm_call *call);
int adm_status(struct adm_call *call);
int adm_completion(struct adm_call *call);
int adm_manual(struct adm_call *call);
