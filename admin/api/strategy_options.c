/* api/strategy_options: the settings that hosts know, without those that say where its server is,
 * how it gets there and what it believes (custom-rendezvous-server, api-server, key, relay-server,
 * proxy-*, ice-servers, allow-insecure-tls-fallback), and without passwords that would lie open in
 * it. */
#include "admin/api/strategy_options.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include <stdio.h>
#include <string.h>

#define BOOL(name, text)                                                                           \
	{                                                                                          \
		name, ADI_OPTION_BOOL, { "Y", "N", NULL }, 0, text                                 \
	}
#define CHOICE(name, text, ...)                                                                    \
	{                                                                                          \
		name, ADI_OPTION_CHOICE, { __VA_ARGS__, NULL }, 0, text                            \
	}
#define TEXT(name, text)                                                                           \
	{                                                                                          \
		name, ADI_OPTION_TEXT, { NULL }, 0, text                                           \
	}
#define NUMBER(name, max, text)                                                                    \
	{                                                                                          \
		name, ADI_OPTION_NUMBER, { NULL }, max, text                                       \
	}

const struct adi_option adi_options_pushed[] = {
	CHOICE("access-mode", "What a session may do: all, only look, or as set one by one.",
			"custom", "full", "view"),
	CHOICE("approve-mode", "How a session is allowed.", "password", "click", "password-click"),
	CHOICE("verification-method", "Which passwords count.", "use-temporary-password",
			"use-permanent-password", "use-both-passwords"),
	CHOICE("temporary-password-length", "Length of the one-time password.", "6", "8", "10"),
	BOOL("enable-keyboard", "Keyboard and mouse."),
	BOOL("enable-clipboard", "The clipboard is shared."),
	BOOL("enable-file-transfer", "Files may be moved."),
	BOOL("enable-camera", "The camera may be looked at."),
	BOOL("enable-terminal", "A terminal may be opened."),
	BOOL("enable-remote-printer", "Printing at the other end."),
	BOOL("enable-audio", "Sound goes over."),
	BOOL("enable-tunnel", "TCP tunnels."),
	BOOL("enable-remote-restart", "The device may be restarted."),
	BOOL("enable-record-session", "Sessions may be recorded."),
	BOOL("enable-block-input", "The user's input may be blocked."),
	BOOL("enable-privacy-mode", "The screen may be made dark."),
	BOOL("enable-lan-discovery", "The device is found in its network."),
	BOOL("enable-abr", "The quality follows the line."),
	BOOL("enable-hwcodec", "Coding by hardware."),
	BOOL("enable-directx-capture", "Capture by DirectX."),
	BOOL("enable-trusted-devices", "Viewers may be trusted without a second factor."),
	BOOL("enable-android-software-encoding-half-scale", "Half the size on slow phones."),
	BOOL("allow-scope-violation-close", "A session that does what it may not ends."),
	BOOL("allow-scope-violation-alarm", "... and is reported."),
	BOOL("allow-remote-config-modification", "Settings may be changed in a session."),
	BOOL("allow-numeric-one-time-password", "One-time passwords of digits only."),
	BOOL("allow-auto-disconnect", "Sessions end when nobody does anything."),
	NUMBER("auto-disconnect-timeout", 1440, "Minutes until they do."),
	BOOL("allow-only-conn-window-open", "Connections only while the window is open."),
	BOOL("allow-auto-record-incoming", "Sessions are recorded by themselves."),
	BOOL("allow-remove-wallpaper", "The wallpaper is taken away meanwhile."),
	BOOL("allow-always-software-render", "Drawing without hardware."),
	BOOL("allow-websocket", "Connections by WebSocket."),
	BOOL("allow-auto-update", "The program brings itself up to date."),
	BOOL("direct-server", "Connections by the device's own address."),
	NUMBER("direct-access-port", 65535, "Their port."),
	TEXT("whitelist", "Addresses that may connect, with commas between."),
	TEXT("id-whitelist", "Ids that may connect, with commas between."),
	TEXT("windows-service-video-save-directory", "Where recordings are kept."),
	BOOL("disable-udp", "No UDP."),
	BOOL("keep-awake-during-incoming-sessions", "The device does not sleep meanwhile."),
	TEXT("preset-address-book-name", "The address book that a new device asks for."),
	TEXT("preset-address-book-tag", "... with this tag,"),
	TEXT("preset-address-book-alias", "... this alias,"),
	TEXT("preset-address-book-note", "... and this note."),
	TEXT("preset-device-username", "The user name that it reports."),
	TEXT("preset-device-name", "The name that it reports."),
	TEXT("preset-note", "The note that it reports."),
};
const size_t adi_options_pushed_count = HWS_COUNT(adi_options_pushed);

const char *adi_option_kind_name(enum adi_option_kind kind)
{
	static const char *const names[] = { [ADI_OPTION_BOOL] = "bool",
		[ADI_OPTION_CHOICE] = "choice",
		[ADI_OPTION_TEXT] = "text",
		[ADI_OPTION_NUMBER] = "number" };

	return names[kind];
}

static bool can_be(const struct adi_option *o, const char *value)
{
	uint32_t n;

	if (!*value) /* as the host has it by itself */
		return true;
	if (o->kind == ADI_OPTION_TEXT)
		return true;
	if (o->kind == ADI_OPTION_NUMBER)
		return hws_parse_u32(value, &n) == HWS_OK && n <= o->max;
	for (size_t i = 0; o->choice[i]; i++) {
		if (strcmp(o->choice[i], value) == 0)
			return true;
	}
	return false;
}

static const struct adi_option *find(const char *name)
{
	for (size_t i = 0; i < HWS_COUNT(adi_options_pushed); i++) {
		if (strcmp(adi_options_pushed[i].name, name) == 0)
			return &adi_options_pushed[i];
	}
	return NULL;
}

int adi_option_check(const char *name, const char *value)
{
	const struct adi_option *o = find(name);

	if (!o)
		return HWS_ERR_NOTFOUND;
	return can_be(o, value) ? HWS_OK : HWS_ERR_INVAL;
}

void adi_option_values(const char *name, char buf[ADI_OPTION_VALUES_TEXT])
{
	const struct adi_option *o = find(name);
	size_t len = 0;

	(void)snprintf(buf, ADI_OPTION_VALUES_TEXT, "a text");
	if (o && o->kind == ADI_OPTION_NUMBER)
		(void)snprintf(buf, ADI_OPTION_VALUES_TEXT, "a number up to %u", o->max);
	for (size_t i = 0; o && o->choice[i] && len < ADI_OPTION_VALUES_TEXT; i++) {
		const char *between = !i ? "" : o->choice[i + 1] ? ", " : " or ";

		len += (size_t)snprintf(buf + len, ADI_OPTION_VALUES_TEXT - len, "%s%s", between,
				o->choice[i]);
	}
}
