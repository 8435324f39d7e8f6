/* The memory store against the contract of all stores. */
#include <stdlib.h>

#include "tests/unit/server-rendezvous/store/contract.h"

static struct rdv_store *open_memory(struct hws_loop *loop, bool fresh HWS_UNUSED)
{
	struct rdv_store *s;

	ck_assert_int_eq(rdv_store_memory_new(loop, &s), HWS_OK);
	return s;
}

const struct contract_store contract_store = { .open = open_memory };

int main(void)
{
	Suite *s = suite_create("rendezvous/store/memory");
	SRunner *r;
	int failed;

	contract_add(s);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
