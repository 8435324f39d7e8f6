/* sys/sandbox_landlock: what the kernel refuses to a process by what it is about, whatever call
 * asks for it; a part of sys/sandbox. */
#pragma once

/* For this thread and those that it starts; no new privileges are to be set before. Which of
 * HWS_LAYER_LANDLOCK and HWS_LAYER_SCOPE hold now: kernels have neither, one, or both. */
unsigned sandbox_landlock(void);
