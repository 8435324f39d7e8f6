/* admin/table: nouns, things, and what all verbs have in common; the rows of verbs are in
 * table_*.c. */
#include "admin/cli/table.h"
#include <string.h>

static const struct adm_noun nouns[] = {
	{ "user", NULL, "accounts of people" },
	{ "group", NULL, "groups of accounts" },
	{ "dgroup", "device-group", "groups of devices" },
	{ "device", NULL, "devices: who owns them, what they may" },
	{ "session", NULL, "sessions that run now" },
	{ "book", NULL, "address books, and who shares them" },
	{ "entry", NULL, "entries of an address book (--book NAME)" },
	{ "rule", "access", "who may reach what" },
	{ "role", NULL, "control roles: what may be done in a session" },
	{ "strategy", NULL, "settings that are pushed to deployed clients" },
	{ "audit", NULL, "what happened, and that nothing of it was changed" },
	{ "token", NULL, "tokens of scripts" },
	{ "recording", NULL, "recordings that were uploaded" },
	{ "notice", NULL, "mail and webhooks for alarms" },
	{ "oidc", NULL, "OpenID providers that people log in with" },
	{ "ldap", NULL, "the directory that people log in with" },
	{ "config", "setting", "settings" },
	{ "relay", NULL, "relays" },
	{ "peer", NULL, "devices as the rendezvous server knows them now" },
	{ "key", NULL, "the key of the rendezvous server" },
	{ "db", NULL, "databases: backup, restore, take-over" },
	{ "server", NULL, "the servers themselves" },
	{ "apply", NULL, "groups, roles, accounts, books and rules as a file says" },
	{ "status", NULL, "how all is, on one page" },
	{ "doctor", NULL, "test all, and say what to do" },
	{ "why", NULL, "what became of attempts to reach a device" },
	{ "completion", NULL, "words for your shell" },
	{ "man", NULL, NULL },
};

static const struct adm_thing things[] = {
	{ "user", "/users", "name", "email", "name,display_name,role,status,group,last_login_at",
			true, true },
	{ "group", "/groups", "name", NULL, "name,members,intra_access,note", true, true },
	{ "dgroup", "/device-groups", "name", NULL, "name,devices,note", true, true },
	{ "device", "/devices", "id", "name",
			"id,name,hostname,online,status,owner,group,os,last_online_at", true,
			true },
	{ "session", "/live-sessions", "viewer_id", "viewer_name",
			"guid,device.id,device.name,viewer_id,user,kind,path,started_at", false,
			false },
	{ "book", "/books", "name", NULL, "name,owner,personal,entries,right,note", true, true },
	{ "entry", "/books/%s/entries", "id", "alias", "id,alias,tags,online,platform,note", true,
			true },
	{ "share", "/books/%s/shares", "guid", NULL, "subject_kind,subject,right", true, true },
	{ "rule", "/rules", "name", NULL,
			"name,enabled,subject_kind,subject,object_kind,object,control_role,expires_at",
			true, true },
	{ "role", "/control-roles", "name", NULL, "name,enabled,permissions,used_by", true, true },
	{ "strategy", "/strategies", "name", NULL, "name,enabled,enforce,devices,options", true,
			true },
	{ "audit", "/audit", "guid", NULL, "at,kind,action,actor,device_id,peer_id,address,text",
			false, true },
	{ "token", "/tokens", "name", "prefix", "name,prefix,owner,scopes,enabled,expires_at",
			false, true },
	{ "recording", "/recordings", "guid", NULL,
			"guid,device_id,viewer_id,user,started_at,seconds,bytes", false, false },
	{ "webhook", "/notices/webhooks", "name", NULL,
			"name,url,enabled,alarms,failures,last_text", true, true },
	{ "oidc", "/identity/oidc", "name", NULL, "name,title,issuer,enabled", true, true },
	{ "relay", "/relays", "name", "address",
			"name,address,state,alive,sessions,bytes_per_s,problem", true, true },
};

static const struct adm_option common[] = {
	{ "server", "URL", ADM_TEXT, ADM_OWN, NULL, NULL,
			"the API server, https://NAME[:PORT]; without it the one of this machine" },
	{ "token-file", "FILE", ADM_TEXT, ADM_OWN, NULL, NULL,
			"file (0600) with the token; - is standard input" },
	{ "ca-file", "FILE", ADM_TEXT, ADM_OWN, NULL, NULL,
			"authorities (PEM) in place of the system's" },
	{ "proxy", "URL", ADM_TEXT, ADM_OWN, NULL, NULL, "HTTP proxy on the way to the server" },
	{ "profile", "NAME", ADM_TEXT, ADM_OWN, NULL, NULL,
			"settings from ~/.config/hawser/admin/NAME.conf, or a file" },
	{ "local", NULL, ADM_FLAG, ADM_OWN, NULL, NULL,
			"this machine, whatever the profile or environment says" },
	{ "timeout", "TIME", ADM_TEXT, ADM_OWN, NULL, NULL, "how long an answer may take (60s)" },
	{ "socket", "FILE", ADM_TEXT, ADM_OWN, NULL, NULL,
			"control socket (default: where the settings of the server on this machine put it)" },
	{ "json", NULL, ADM_FLAG, ADM_OWN, NULL, NULL, "print the answer as JSON" },
	{ "format", "WORD", ADM_CHOICE, ADM_OWN, NULL, "table|json|jsonl|csv|ids",
			"table|json|jsonl|csv|ids; without it a table on a terminal, else jsonl" },
	{ "columns", "LIST", ADM_TEXT, ADM_OWN, NULL, NULL,
			"members to show, with commas: name,owner.guid" },
	{ "sort", "COLUMN", ADM_TEXT, ADM_OWN, NULL, NULL,
			"by this member; with - before it downwards" },
	{ "limit", "N", ADM_NUMBER, ADM_OWN, NULL, NULL, "so many and no more (default: all)" },
	{ "quiet", NULL, ADM_FLAG, ADM_OWN, NULL, NULL, "print nothing but what went wrong" },
	{ "dry-run", NULL, ADM_FLAG, ADM_OWN, NULL, NULL, "change nothing, say what would be" },
	{ "yes", NULL, ADM_FLAG, ADM_OWN, NULL, NULL, "do not ask before several are changed" },
	{ "all", NULL, ADM_FLAG, ADM_OWN, NULL, NULL, "all of them, instead of names" },
	{ "help", NULL, ADM_FLAG, ADM_OWN, NULL, NULL, "say what this takes" },
	ADM_END,
};

const struct adm_option *adm_common_options(void)
{
	return common;
}

bool adm_common_for(const struct adm_option *o, const struct adm_verb *v)
{
	static const struct {
		const char *name;
		unsigned with, without;
	} when[] = {
		{ "server", 0, ADM_LOCAL },
		{ "token-file", 0, ADM_LOCAL },
		{ "ca-file", 0, ADM_LOCAL },
		{ "proxy", 0, ADM_LOCAL },
		{ "profile", 0, ADM_LOCAL },
		{ "local", 0, ADM_LOCAL },
		{ "timeout", 0, ADM_LOCAL },
		{ "socket", ADM_LOCAL, 0 },
		{ "columns", 0, ADM_PLAIN },
		{ "format", 0, ADM_PLAIN },
		{ "sort", ADM_LISTS, ADM_PLAIN },
		{ "limit", ADM_LISTS, ADM_PLAIN },
		{ "quiet", 0, ADM_PLAIN },
		{ "dry-run", ADM_CHANGES, 0 },
		{ "yes", ADM_MANY, 0 },
		{ "all", ADM_MANY, 0 },
	};

	for (size_t i = 0; i < HWS_COUNT(when); i++) {
		if (strcmp(when[i].name, o->name) == 0)
			return (v->flags & when[i].with) == when[i].with &&
					!(v->flags & when[i].without);
	}
	return true;
}

const struct adm_option *adm_option_find(const struct adm_verb *v, const char *name)
{
	for (const struct adm_option *o = v->options; o && o->name; o++) {
		if (strcmp(o->name, name) == 0)
			return o;
	}
	for (const struct adm_option *o = common; o->name; o++) {
		if (strcmp(o->name, name) == 0 && adm_common_for(o, v))
			return o;
	}
	return NULL;
}

const struct adm_verb *adm_verb_at(size_t i)
{
	const struct {
		const struct adm_verb *rows;
		size_t count;
	} parts[] = { { adm_verbs_people, adm_verbs_people_count },
		{ adm_verbs_devices, adm_verbs_devices_count },
		{ adm_verbs_policy, adm_verbs_policy_count },
		{ adm_verbs_server, adm_verbs_server_count },
		{ adm_verbs_local, adm_verbs_local_count } };

	for (size_t p = 0; p < HWS_COUNT(parts); p++) {
		if (i < parts[p].count)
			return &parts[p].rows[i];
		i -= parts[p].count;
	}
	return NULL;
}

const struct adm_noun *adm_noun_at(size_t i)
{
	return i < HWS_COUNT(nouns) ? &nouns[i] : NULL;
}

const struct adm_noun *adm_noun_find(const char *word)
{
	for (size_t i = 0; i < HWS_COUNT(nouns); i++) {
		if (strcmp(nouns[i].name, word) == 0 ||
				(nouns[i].alias && strcmp(nouns[i].alias, word) == 0))
			return &nouns[i];
	}
	return NULL;
}

const struct adm_verb *adm_verb_find(const char *noun, const char *verb)
{
	const struct adm_verb *v;

	for (size_t i = 0; (v = adm_verb_at(i)); i++) {
		if (strcmp(v->noun, noun) == 0 && strcmp(v->name, verb) == 0)
			return v;
	}
	return NULL;
}

const struct adm_thing *adm_thing_find(const char *noun)
{
	for (size_t i = 0; i < HWS_COUNT(things); i++) {
		if (strcmp(things[i].noun, noun) == 0)
			return &things[i];
	}
	return NULL;
}
