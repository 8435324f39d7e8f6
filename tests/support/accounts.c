/* Files of a tmpfs, bound over those of the system. */
#include "tests/support/accounts.h"
#include <check.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define RIGHT_HASH                                                                                 \
	"$6$hawser$GPZOQJOeGyCHWkKgMYyZ6DF2eiZLvTD91dO6oSRbqmJb6XufRJe5o/rnV9SPO/uYaExqgRzjGeXO4AwPbfk171"

static char dir[] = "/tmp/hawser-accounts-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void put_files(void)
{
	put_file("passwd",
			"root:x:0:0::/root:/bin/sh\n"
			"nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n"
			"ann:x:1200:1200::/tmp:/bin/sh\n"
			"bob:x:1201:1201::/tmp:/bin/sh\n"
			"old:x:1202:1202::/tmp:/bin/sh\n");
	put_file("shadow",
			"root:" RIGHT_HASH ":19000::::::\nann:" RIGHT_HASH ":19000::::::\n"
			"bob:!:19000::::::\nold:" RIGHT_HASH ":19000:::::1:\n");
	ck_assert_int_eq(chmod(in_dir("shadow"), 0600), 0);
}

bool test_accounts_make(const char *pam_folder)
{
	bool made;

#ifdef __SANITIZE_ADDRESS__
	return false;
#endif
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	ck_assert_ptr_nonnull(mkdtemp(dir));
	made = mount("tmpfs", dir, "tmpfs", 0, "mode=755") == 0;
	if (made) {
		put_files();
		made = mount(in_dir("passwd"), "/etc/passwd", NULL, MS_BIND, NULL) == 0 &&
				mount(in_dir("shadow"), "/etc/shadow", NULL, MS_BIND, NULL) == 0 &&
				mount(pam_folder, "/etc/pam.d", NULL, MS_BIND, NULL) == 0;
		/* The files stay where they are bound; the folder would be left for all to see. */
		umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	return made;
}
