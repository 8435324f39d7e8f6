/* Which services an agent serves with, by its role. A new one is added here; the order is that in
 * which a viewer meets them. */
#include "client/services/chat/chat_host.h"
#include "client/services/clipboard/clipboard_host.h"
#include "client/services/clipfiles/clipfiles_host.h"
#include "client/services/cursor/cursor_host.h"
#include "client/services/displays/displays_host.h"
#include "client/services/files/files_host.h"
#include "client/services/input/input_host.h"
#include "client/services/machine/machine_host.h"
#include "client/services/print/print_host.h"
#include "client/services/privacy/privacy_host.h"
#include "client/services/sides/sides_host.h"
#include "client/services/sound/sound_host.h"
#include "client/services/terminal/terminal_host.h"
#include "client/services/tunnel/tunnel_host.h"
#include "client/services/video/video_host.h"
#include <stddef.h>

const struct hws_host_service_impl *const hws_host_registry[] = {
	&hws_video_host_service,
	&hws_cursor_host_service,
	&hws_input_host_service,
	&hws_displays_host_service,
	&hws_privacy_host_service,
	&hws_clipboard_host_service,
	&hws_clipfiles_host_service,
	&hws_chat_host_service,
	&hws_sound_host_service,
	&hws_print_host_service,
	&hws_machine_host_service,
	&hws_sides_host_service,
	NULL,
};

const struct hws_host_service_impl *const hws_host_files_registry[] = {
	&hws_files_host_service,
	NULL,
};

const struct hws_host_service_impl *const hws_host_terminal_registry[] = {
	&hws_terminal_host_service,
	&hws_chat_host_service,
	NULL,
};

const struct hws_host_service_impl *const hws_host_tunnel_registry[] = {
	&hws_tunnel_host_service,
	NULL,
};

const struct hws_host_service_impl *const hws_host_camera_registry[] = {
	&hws_camera_host_service,
	&hws_chat_host_service,
	&hws_sound_host_service,
	NULL,
};
