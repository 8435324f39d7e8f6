/* An sshd for one account, ours, which takes one key and nothing else. */
#include "tests/bench/services/sshd.h"
#include <check.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM "/usr/sbin/sshd"
#define START_MS 20000

static void make_key(const char *path)
{
	const char *argv[] = { "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path,
		NULL };

	ck_assert_int_eq(test_run(argv, NULL, NULL), 0);
}

static void configure(struct sshd *s)
{
	test_write_file("", "%s/environment", s->dir);
	char text[2000];

	snprintf(text, sizeof(text),
			"ListenAddress 127.0.0.1:%s\nHostKey %s/host\nAuthorizedKeysFile %s/user.pub\n"
			"StrictModes no\nUsePAM no\nPasswordAuthentication no\nPidFile none\n"
			"PermitRootLogin yes\nMaxStartups 100\nSubsystem sftp internal-sftp\n",
			s->port, s->dir, s->dir);
	test_write_file(text, "%s/sshd_config", s->dir);
}

bool sshd_start(struct sshd *s)
{
	const struct passwd *pw = getpwuid(getuid());
	char path[300], config[300];
	const char *argv[] = { PROGRAM, "-D", "-e", "-f", config, NULL };

	memset(s, 0, sizeof(*s));
	if (access(PROGRAM, X_OK) < 0 || !pw)
		return false;
	if (getuid() == 0) /* where sshd has its unprivileged part look at nothing */
		mkdir("/run/sshd", 0755);
	test_dir(s->dir, sizeof(s->dir));
	snprintf(s->port, sizeof(s->port), "%u", (unsigned)test_free_ports(1));
	snprintf(s->key, sizeof(s->key), "%s/user", s->dir);
	snprintf(s->known, sizeof(s->known), "UserKnownHostsFile=%s/known", s->dir);
	snprintf(s->at, sizeof(s->at), "%s@127.0.0.1", pw->pw_name);
	snprintf(path, sizeof(path), "%s/host", s->dir);
	snprintf(config, sizeof(config), "%s/sshd_config", s->dir);
	make_key(path);
	make_key(s->key);
	configure(s);
	test_proc_start(&s->proc, argv, NULL);
	test_proc_must_expect(&s->proc, "listening on", START_MS);
	return true;
}

void sshd_stop(struct sshd *s)
{
	test_proc_stop(&s->proc);
}

static size_t options(const struct sshd *s, const char *argv[], size_t n)
{
	const char *const list[] = { "-q", "-F", "none", "-i", s->key, "-o", s->known, "-o",
		"StrictHostKeyChecking=no", "-o", "BatchMode=yes" };

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		argv[n++] = list[i];
	return n;
}

static void append(const char *const words[], const char *argv[], size_t n)
{
	for (size_t i = 0; words[i]; i++)
		argv[n++] = words[i];
	ck_assert_uint_lt(n, SSHD_ARGS);
	argv[n] = NULL;
}

void sshd_ssh(const struct sshd *s, bool tty, const char *const words[], const char *argv[])
{
	size_t n = 0;

	argv[n++] = "/usr/bin/ssh";
	n = options(s, argv, n);
	argv[n++] = "-p";
	argv[n++] = s->port;
	if (tty)
		argv[n++] = "-tt";
	argv[n++] = s->at;
	append(words, argv, n);
}

void sshd_scp(const struct sshd *s, const char *const words[], const char *argv[])
{
	size_t n = 0;

	argv[n++] = "/usr/bin/scp";
	n = options(s, argv, n);
	argv[n++] = "-P";
	argv[n++] = s->port;
	append(words, argv, n);
}
