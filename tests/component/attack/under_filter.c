/* under_filter NAMES PROGRAM [ARGUMENT...]: runs a program under the allow list of system calls
 * that stands in the file NAMES, one a line, as a service manager does: what is not in it fails
 * with EPERM, for the program and all that it starts, and no privileges are gained. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	FILE *f = argc > 2 ? fopen(argv[1], "re") : NULL;
	char name[64];
	unsigned allowed = 0;

	if (!ctx || !f || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 126;
	while (fgets(name, sizeof(name), f)) {
		int call;

		name[strcspn(name, "\n")] = 0;
		call = seccomp_syscall_resolve_name(name);
		if (call != __NR_SCMP_ERROR && call >= 0)
			allowed += seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0) == 0;
	}
	fclose(f);
	if (allowed < 100 || seccomp_load(ctx) < 0)
		return 126;
	seccomp_release(ctx);
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
