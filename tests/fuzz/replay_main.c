/* Replays a corpus folder through a fuzz target as an ordinary test, so that targets cannot rot and
 * a crash once found stays found. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (4u << 20)

static int replay(const char *folder, const char *name)
{
	static uint8_t buf[INPUT_MAX];
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f;
	size_t len;

	if (n < 0 || (size_t)n >= sizeof(path))
		return -1;
	f = fopen(path, "rb");
	if (!f)
		return -1;
	len = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	LLVMFuzzerTestOneInput(buf, len);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned count = 0;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *entry;

		if (!dir) {
			fprintf(stderr, "cannot open corpus folder %s\n", argv[i]);
			return 1;
		}
		while ((entry = readdir(dir))) {
			if (entry->d_name[0] == '.')
				continue;
			if (replay(argv[i], entry->d_name) < 0) {
				fprintf(stderr, "cannot read %s/%s\n", argv[i], entry->d_name);
				return 1;
			}
			count++;
		}
		closedir(dir);
	}
	printf("100%%: Checks: %u, Failures: 0, Errors: 0 (corpus inputs replayed)\n", count + 1);
	return 0;
}
