/* slapd as Debian has it, by its old configuration file, which is one text. */
#include "tests/component/identity/directory.h"
#include "tests/component/reach/certificate.h"
#include <arpa/inet.h>
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT "cn=admin,dc=example,dc=org"
#define ROOT_PASSWORD "adminsecret"

static const char conf[] = "include /etc/ldap/schema/core.schema\n"
			   "include /etc/ldap/schema/cosine.schema\n"
			   "include /etc/ldap/schema/nis.schema\n"
			   "include /etc/ldap/schema/inetorgperson.schema\n"
			   "include /etc/ldap/schema/msuser.schema\n"
			   "modulepath /usr/lib/ldap\n"
			   "moduleload back_mdb\n"
			   "pidfile %s/pid\n"
			   "TLSCACertificateFile %s\n"
			   "TLSCertificateFile %s\n"
			   "TLSCertificateKeyFile %s\n"
			   "access to attrs=userPassword by anonymous auth by * none\n"
			   "access to * by * read\n"
			   "database mdb\n"
			   "maxsize 16777216\n"
			   "suffix dc=example,dc=org\n"
			   "rootdn " ROOT "\n"
			   "rootpw " ROOT_PASSWORD "\n"
			   "directory %s/db\n";

static const char top[] = "dn: dc=example,dc=org\n"
			  "objectClass: dcObject\n"
			  "objectClass: organization\n"
			  "o: Example\n"
			  "dc: example\n\n";

static void run(const char *const argv[])
{
	char *out = NULL;
	int status = test_run(argv, NULL, &out);

	ck_assert_msg(status == 0, "%s: status %d: %s", argv[0], status, test_log_end(out, 3000));
	free(out);
}

static bool answers(void *arg)
{
	const struct directory *d = arg;
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(d->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

void directory_start(struct directory *d, const char *ldif)
{
	char path[300], urls[300], key[320], db[260];
	uint16_t port = test_free_ports(2);

	*d = (struct directory){ .port = port, .tls_port = (uint16_t)(port + 1) };
	test_dir(d->dir, sizeof(d->dir));
	certificate_make(d->dir, "IP:127.0.0.1,DNS:localhost", d->cert, key);
	(void)snprintf(db, sizeof(db), "%s/db", d->dir);
	ck_assert_int_eq(mkdir(db, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/slapd.conf", d->dir);
	FILE *f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	(void)fprintf(f, conf, d->dir, d->cert, d->cert, key, d->dir);
	(void)fclose(f);
	test_write_file(top, "%s/content.ldif", d->dir);
	(void)snprintf(urls, sizeof(urls), "%s/content.ldif", d->dir);
	f = fopen(urls, "ae");
	ck_assert_ptr_nonnull(f);
	(void)fputs(ldif, f);
	(void)fclose(f);
	run((const char *const[]){ "/usr/sbin/slapadd", "-f", path, "-l", urls, NULL });
	(void)snprintf(d->url, sizeof(d->url), "ldap://127.0.0.1:%u", d->port);
	(void)snprintf(d->tls_url, sizeof(d->tls_url), "ldaps://127.0.0.1:%u", d->tls_port);
	(void)snprintf(urls, sizeof(urls), "%s %s", d->url, d->tls_url);
	test_proc_start(&d->proc,
			(const char *const[]){ "/usr/sbin/slapd", "-f", path, "-h", urls, "-d", "0",
					NULL },
			NULL);
	ck_assert_msg(test_until(answers, d, TEST_PATIENCE_MS), "slapd does not answer: %s",
			test_log_end(d->proc.log, 3000));
}

void directory_stop(struct directory *d)
{
	test_proc_stop(&d->proc);
}

void directory_modify(struct directory *d, const char *ldif)
{
	char path[300];

	test_write_file(ldif, "%s/change.ldif", d->dir);
	(void)snprintf(path, sizeof(path), "%s/change.ldif", d->dir);
	run((const char *const[]){ "/usr/bin/ldapmodify", "-x", "-H", d->url, "-D", ROOT, "-w",
			ROOT_PASSWORD, "-f", path, NULL });
}

void directory_freeze(struct directory *d, bool on)
{
	test_proc_signal(&d->proc, on ? SIGSTOP : SIGCONT);
}
