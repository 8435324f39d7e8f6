/* bench/services/parts: what is measured, each beside its floor in the same run. */
#pragma once
#include "tests/bench/services/bed.h"
#include "tests/bench/services/sshd.h"
#include <stdbool.h>

struct bench {
	struct bed bed;
	struct sshd ssh;
	bool has_ssh, quick;
	double file_bytes_s; /* of one large file, for the tunnel's ratio; 0 = not measured */
};

void bench_files(struct bench *b);
void bench_small_files(struct bench *b);
void bench_wan(struct bench *b);
void bench_resume(struct bench *b);
void bench_echo(struct bench *b);
void bench_cat(struct bench *b);
void bench_ctrl_c(struct bench *b);
void bench_tunnel(struct bench *b);
