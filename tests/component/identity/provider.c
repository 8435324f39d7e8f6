/* Glewlwyd with its SQLite file, set up by its own API as its administrator does it. */
#include "tests/component/identity/provider.h"
#include "tests/component/reach/certificate.h"
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INIT "/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz"

static const char conf[] = "port=%u\n"
			   "bind_address=\"127.0.0.1\"\n"
			   "external_url=\"https://127.0.0.1:%u\"\n"
			   "login_url=\"login.html\"\n"
			   "api_prefix=\"api\"\n"
			   "static_files_path=\"/usr/share/glewlwyd/webapp/\"\n"
			   "log_mode=\"console\"\n"
			   "log_level=\"INFO\"\n"
			   "cookie_domain=\"127.0.0.1\"\n"
			   "cookie_secure=0\n"
			   "session_key=\"SESSION\"\n"
			   "admin_scope=\"g_admin\"\n"
			   "profile_scope=\"g_profile\"\n"
			   "user_module_path=\"/usr/lib/glewlwyd/user\"\n"
			   "user_middleware_module_path=\"/usr/lib/glewlwyd/user_middleware\"\n"
			   "client_module_path=\"/usr/lib/glewlwyd/client\"\n"
			   "user_auth_scheme_module_path=\"/usr/lib/glewlwyd/scheme\"\n"
			   "plugin_module_path=\"/usr/lib/glewlwyd/plugin\"\n"
			   "use_secure_connection=true\n"
			   "secure_connection_key_file=\"%s\"\n"
			   "secure_connection_pem_file=\"%s\"\n"
			   "hash_algorithm=\"SHA512\"\n"
			   "database={ type=\"sqlite3\"; path=\"%s/db\"; };\n";

/* What it keeps of a person besides name and address. */
static const char more_of_people[] =
		"UPDATE g_user_module_instance SET gumi_parameters = replace(gumi_parameters, "
		"'\\\"data-format\\\":{', '\\\"data-format\\\":{"
		"\\\"groups\\\":{\\\"read\\\":true,\\\"write\\\":true},"
		"\\\"email_verified\\\":{\\\"read\\\":true,\\\"write\\\":true},');";

static char *run(const char *const argv[])
{
	char *out = NULL;
	int status = test_run(argv, NULL, &out);

	ck_assert_msg(status == 0, "%s: status %d: %s", argv[0], status, test_log_end(out, 3000));
	return out;
}

/* One request with the cookies of a jar; `body` NULL = GET. What it answers (malloc'ed). */
static char *ask(struct provider *p, const char *jar, const char *method, const char *path,
		const char *body)
{
	char url[200], jar_path[260], data[260];
	const char *argv[] = { "/usr/bin/curl", "--silent", "--show-error", "--fail-with-body",
		"--max-time", "60", "--cacert", p->cert, "--cookie", jar_path, "--cookie-jar",
		jar_path, "--header", "Content-Type: application/json", "--request", method, url,
		body ? "--data-binary" : NULL, data, NULL };

	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/api/%s", p->port, path);
	(void)snprintf(jar_path, sizeof(jar_path), "%s/%s.jar", p->dir, jar);
	(void)snprintf(data, sizeof(data), "@%s/body.json", p->dir);
	if (body)
		test_write_file(body, "%s/body.json", p->dir);
	return run(argv);
}

/* The same with JSON, which it takes; the answer is of no interest. */
static void tell(struct provider *p, const char *jar, const char *method, const char *path,
		json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);

	ck_assert_ptr_nonnull(text);
	free(ask(p, jar, method, path, text));
	free(text);
	json_decref(body);
}

static char *read_file(const char *dir, const char *name)
{
	char path[260];
	char *text;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	text = run((const char *const[]){ "/bin/cat", path, NULL });
	return text;
}

static json_t *claim(const char *name, const char *property, const char *type)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:[]}", "name", name, "user-property",
			property, "type", type, "boolean-value-true", "1", "boolean-value-false",
			"0", "mandatory", 1, "on-demand", 0, "scope");
}

static void set_up_plugin(struct provider *p)
{
	char make[900], *secret, *public;
	json_t *parameters;

	(void)snprintf(make, sizeof(make),
			"openssl genrsa -out %s/sk.pem 2048 2>/dev/null && openssl rsa -in "
			"%s/sk.pem -pubout -out %s/pk.pem 2>/dev/null",
			p->dir, p->dir, p->dir);
	free(run((const char *const[]){ "/bin/sh", "-c", make, NULL }));
	secret = read_file(p->dir, "sk.pem");
	public = read_file(p->dir, "pk.pem");
	parameters = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:i,s:b,s:b,s:b,s:b,s:b,s:b,s:s,s:b,"
			       "s:s,s:s,s:[o,o,o]}",
			"iss", p->issuer, "jwt-type", "rsa", "jwt-key-size", "256", "key", secret,
			"cert", public, "access-token-duration", 3600, "refresh-token-duration",
			86400, "code-duration", 600, "refresh-token-rolling", 1,
			"auth-type-code-enabled", 1, "auth-type-id-token-enabled", 1,
			"auth-type-refresh-enabled", 1, "pkce-allowed", 1,
			"pkce-method-plain-allowed", 0, "subject-type", "public", "jwks-show", 1,
			"name-claim", "mandatory", "email-claim", "mandatory", "claims",
			claim("email_verified", "email_verified", "boolean"),
			claim("preferred_username", "username", "string"),
			claim("groups", "groups", "string"));
	ck_assert_ptr_nonnull(parameters);
	tell(p, "admin", "POST", "mod/plugin/",
			json_pack("{s:s,s:s,s:s,s:i,s:b,s:b,s:o}", "module", "oidc", "name", "oidc",
					"display_name", "oidc", "order_rank", 0, "readonly", 0,
					"enabled", 1, "parameters", parameters));
	free(secret);
	free(public);
}

static void add_client(struct provider *p, const char *id, const char *secret, const char *redirect)
{
	tell(p, "admin", "POST", "client/",
			json_pack("{s:s,s:s,s:b,s:s,s:b,s:[s],s:[s],s:[s,s],s:[]}", "client_id", id,
					"name", "desk", "confidential", 1, "password", secret,
					"enabled", 1, "redirect_uri", redirect,
					"authorization_type", "code", "token_endpoint_auth_method",
					"client_secret_basic", "client_secret_post", "scope"));
}

void provider_start(struct provider *p, const char *redirect)
{
	char key[320], path[260], command[1200], text[4096];

	*p = (struct provider){ .port = test_free_port() };
	test_dir(p->dir, sizeof(p->dir));
	certificate_make(p->dir, "IP:127.0.0.1,DNS:localhost", p->cert, key);
	(void)snprintf(p->issuer, sizeof(p->issuer), "https://127.0.0.1:%u/api/oidc", p->port);
	(void)snprintf(command, sizeof(command), "(zcat %s; echo \"%s\") | sqlite3 %s/db", INIT,
			more_of_people, p->dir);
	free(run((const char *const[]){ "/bin/sh", "-c", command, NULL }));
	(void)snprintf(text, sizeof(text), conf, p->port, p->port, key, p->cert, p->dir);
	test_write_file(text, "%s/conf", p->dir);
	(void)snprintf(path, sizeof(path), "%s/conf", p->dir);
	test_proc_start(&p->proc, (const char *const[]){ "/usr/bin/glewlwyd", "-c", path, NULL },
			NULL);
	test_proc_must_expect(&p->proc, "Glewlwyd started", TEST_PATIENCE_MS);
	tell(p, "admin", "POST", "auth/",
			json_pack("{s:s,s:s}", "username", "admin", "password", "password"));
	set_up_plugin(p);
	add_client(p, PROVIDER_CLIENT, PROVIDER_SECRET, redirect);
	add_client(p, PROVIDER_CLIENT_2, PROVIDER_SECRET_2, redirect);
}

void provider_stop(struct provider *p)
{
	test_proc_stop(&p->proc);
}

static void log_in(struct provider *p, const char *name)
{
	char password[100];

	(void)snprintf(password, sizeof(password), "%s password", name);
	tell(p, name, "POST", "auth/",
			json_pack("{s:s,s:s}", "username", name, "password", password));
}

void provider_person(struct provider *p, const char *name, const char *email, bool verified,
		const char *group)
{
	char password[100];

	(void)snprintf(password, sizeof(password), "%s password", name);
	tell(p, "admin", "POST", "user/",
			json_pack("{s:s,s:s,s:s,s:s,s:[s,s],s:b,s:s,s:s}", "username", name, "name",
					name, "email", email, "password", password, "scope",
					"openid", "g_profile", "enabled", 1, "email_verified",
					verified ? "1" : "0", "groups", group ? group : "none"));
	log_in(p, name);
	tell(p, name, "PUT", "auth/grant/" PROVIDER_CLIENT, json_pack("{s:s}", "scope", "openid"));
	tell(p, name, "PUT", "auth/grant/rd%202", json_pack("{s:s}", "scope", "openid"));
}

char *provider_visit(struct provider *p, const char *name, const char *url)
{
	char jar[260], whole[3000], *out;

	log_in(p, name);
	(void)snprintf(jar, sizeof(jar), "%s/%s.jar", p->dir, name);
	(void)snprintf(whole, sizeof(whole), "%s&g_continue", url); /* what its page adds */
	out = run((const char *const[]){ "/usr/bin/curl", "--silent", "--show-error", "--max-time",
			"60", "--cacert", p->cert, "--cookie", jar, "--output", "/dev/null",
			"--write-out", "%{redirect_url}", whole, NULL });
	return out;
}
