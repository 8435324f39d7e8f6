/* host/patience: how long the processes of a host wait for each other, in one place: who asks waits
 * longer than who is asked, so that the answer, and not a silence, tells what went wrong. Between
 * them lies what a loaded machine may add. */
#pragma once
#include "shared/base/clock.h"

/* --- a gate, of its viewer. The login's own is the operator's (`login-timeout`). */
#define HWS_HANDSHAKE_US (18 * HWS_US_PER_S)
/* A viewer that said who it is waits for its user, who may be waiting for a call back with the
 * password: so many times the operator's. */
#define HWS_PERSON_TIMES 10
#define HWS_LAST_WORDS_US (2 * HWS_US_PER_S) /* what was sent last is taken so soon, or lost */
#define HWS_GATE_REPORT_S 5                  /* then hostd hears of it again */

/* --- a desktop: the agent of the platform, hostd of the agent's first word, a gate of the agent's
 * answer to its Open. The last comes while a desktop is open, or the first still has its time. */
#define HWS_DESKTOP_OPEN_US (30 * HWS_US_PER_S)
#define HWS_AGENT_START_US (HWS_DESKTOP_OPEN_US + 10 * HWS_US_PER_S)
#define HWS_AGENT_ANSWER_US (20 * HWS_US_PER_S)

/* --- hostd, of an agent that serves: asked so often, and killed when it has said nothing for so
 * long. A desktop's waits for nothing; one with files may sit on a disk that does not answer. */
#define HWS_AGENT_PING_US (5 * HWS_US_PER_S)
#define HWS_DESKTOP_SILENT_US (15 * HWS_US_PER_S)
#define HWS_AGENT_SILENT_US (60 * HWS_US_PER_S)

/* --- hostd, of a gate that it does not believe: what the gate should have ended or reported itself
 * is ended by hostd so much later. */
#define HWS_GATE_GRACE_US (5 * HWS_US_PER_S)
#define HWS_GATE_SILENT_US (12 * HWS_GATE_REPORT_S * HWS_US_PER_S)
