/* What an API server answers, and the file of logins: a stranger's words, and a damaged disk's. */
#include "client/core/account_words.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hws_account_device d = { .uuid = "u", .name = "n" };
	static struct hws_account_reply reply;
	static struct hws_accounts list;
	char text[512], api[HWS_ACCOUNT_API_TEXT], *body;
	size_t n = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
	bool plain;

	if (size > 65536)
		return 0;
	hws_account_reply_parse(hws_bytes(data, size), &reply);
	if (reply.said == HWS_ACCOUNT_TOKEN && !hws_account_token_good(reply.token_secret))
		abort();
	body = hws_account_ask_code(&d, &reply, "123456");
	free(body);
	if (hws_accounts_parse(&list, hws_bytes(data, size)) == HWS_OK)
		for (unsigned i = 0; i < list.count; i++)
			if (!hws_account_token_good(list.account[i].token_secret))
				abort();
	if (n)
		memcpy(text, data, n);
	text[n] = '\0';
	/* a name before the host would make another host of it than it seems */
	if (hws_account_api_take(text, api, sizeof(api), &plain) == HWS_OK) {
		const char *host = strstr(api, "://") + 3;

		if (strpbrk(api, " \\?#") || memchr(host, '@', strcspn(host, "/")))
			abort();
	}
	return 0;
}
