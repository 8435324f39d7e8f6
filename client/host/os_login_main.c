/* The process that is asked for the password of an account. This build has no way to check one, and
 * says so; a viewer is never let in by a password that nobody has looked at. */
#include "client/host/os_login.h"
#include "shared/base/macros.h"
#include <string.h>
#include <unistd.h>

int hws_os_login_main(int fd)
{
	static const char answer[] = "0This host does not serve other accounts than its own";
	char question[2 * (HWS_OS_LOGIN_TEXT_MAX + 4)];
	ssize_t n = read(fd, question, sizeof(question));

	explicit_bzero(question, sizeof(question));
	if (n <= 0 || write(fd, answer, strlen(answer)) < 0)
		return 1;
	return 0;
}
