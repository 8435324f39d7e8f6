/* The dynamic linker knows the file that an address is of; links are followed. */
#include "shared/sys/own_folder.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

int hws_own_folder(const void *code, char *ret)
{
	Dl_info info;
	char *slash;

	/* of a program that was started by its name alone, dladdr knows no more than that */
	if (!dladdr(code, &info) || !info.dli_fname)
		return HWS_ERR_NOTFOUND;
	if ((!strchr(info.dli_fname, '/') || !realpath(info.dli_fname, ret)) &&
			!realpath("/proc/self/exe", ret))
		return HWS_ERR_NOTFOUND;
	slash = strrchr(ret, '/');
	if (!slash)
		return HWS_ERR_NOTFOUND;
	*slash = 0;
	return HWS_OK;
}
