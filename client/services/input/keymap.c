/* Key positions of all platforms in one table: the rows are keys, so that a key is added in one
 * place. */
#include "client/services/input/keymap.h"

#define N HWS_KEY_NONE

/* By evdev code: Windows scan code (set 1, extended 0xE0xx), macOS virtual key, Android key code,
 * named key of legacy mode. A Linux host takes evdev + 8. Entries that are all 0 are keys without a
 * place here; macOS 0 is the A key, so presence is told by the Windows column. */
static const struct {
	uint32_t windows, macos, android;
	uint16_t control;
} keys[] = {
	[1] = { 0x01, 0x35, 0x6f, SES__CONTROL_KEY__Escape },         /* Escape */
	[2] = { 0x02, 0x12, 0x08, 0 },                                /* Num1 */
	[3] = { 0x03, 0x13, 0x09, 0 },                                /* Num2 */
	[4] = { 0x04, 0x14, 0x0a, 0 },                                /* Num3 */
	[5] = { 0x05, 0x15, 0x0b, 0 },                                /* Num4 */
	[6] = { 0x06, 0x17, 0x0c, 0 },                                /* Num5 */
	[7] = { 0x07, 0x16, 0x0d, 0 },                                /* Num6 */
	[8] = { 0x08, 0x1a, 0x0e, 0 },                                /* Num7 */
	[9] = { 0x09, 0x1c, 0x0f, 0 },                                /* Num8 */
	[10] = { 0x0a, 0x19, 0x10, 0 },                               /* Num9 */
	[11] = { 0x0b, 0x1d, 0x07, 0 },                               /* Num0 */
	[12] = { 0x0c, 0x1b, 0x45, 0 },                               /* Minus */
	[13] = { 0x0d, 0x18, 0x46, 0 },                               /* Equal */
	[14] = { 0x0e, 0x33, 0x43, SES__CONTROL_KEY__Backspace },     /* Backspace */
	[15] = { 0x0f, 0x30, 0x3d, SES__CONTROL_KEY__Tab },           /* Tab */
	[16] = { 0x10, 0x0c, 0x2d, 0 },                               /* KeyQ */
	[17] = { 0x11, 0x0d, 0x33, 0 },                               /* KeyW */
	[18] = { 0x12, 0x0e, 0x21, 0 },                               /* KeyE */
	[19] = { 0x13, 0x0f, 0x2e, 0 },                               /* KeyR */
	[20] = { 0x14, 0x11, 0x30, 0 },                               /* KeyT */
	[21] = { 0x15, 0x10, 0x35, 0 },                               /* KeyY */
	[22] = { 0x16, 0x20, 0x31, 0 },                               /* KeyU */
	[23] = { 0x17, 0x22, 0x25, 0 },                               /* KeyI */
	[24] = { 0x18, 0x1f, 0x2b, 0 },                               /* KeyO */
	[25] = { 0x19, 0x23, 0x2c, 0 },                               /* KeyP */
	[26] = { 0x1a, 0x21, 0x47, 0 },                               /* LeftBracket */
	[27] = { 0x1b, 0x1e, 0x48, 0 },                               /* RightBracket */
	[28] = { 0x1c, 0x24, 0x42, SES__CONTROL_KEY__Return },        /* Return */
	[29] = { 0x1d, 0x3b, 0x71, SES__CONTROL_KEY__Control },       /* ControlLeft */
	[30] = { 0x1e, 0x00, 0x1d, 0 },                               /* KeyA */
	[31] = { 0x1f, 0x01, 0x2f, 0 },                               /* KeyS */
	[32] = { 0x20, 0x02, 0x20, 0 },                               /* KeyD */
	[33] = { 0x21, 0x03, 0x22, 0 },                               /* KeyF */
	[34] = { 0x22, 0x05, 0x23, 0 },                               /* KeyG */
	[35] = { 0x23, 0x04, 0x24, 0 },                               /* KeyH */
	[36] = { 0x24, 0x26, 0x26, 0 },                               /* KeyJ */
	[37] = { 0x25, 0x28, 0x27, 0 },                               /* KeyK */
	[38] = { 0x26, 0x25, 0x28, 0 },                               /* KeyL */
	[39] = { 0x27, 0x29, 0x4a, 0 },                               /* SemiColon */
	[40] = { 0x28, 0x27, 0x4b, 0 },                               /* Quote */
	[41] = { 0x29, 0x32, 0x4b, 0 },                               /* BackQuote */
	[42] = { 0x2a, 0x38, 0x3b, SES__CONTROL_KEY__Shift },         /* ShiftLeft */
	[43] = { 0x2b, 0x2a, 0x49, 0 },                               /* BackSlash */
	[44] = { 0x2c, 0x06, 0x36, 0 },                               /* KeyZ */
	[45] = { 0x2d, 0x07, 0x34, 0 },                               /* KeyX */
	[46] = { 0x2e, 0x08, 0x1f, 0 },                               /* KeyC */
	[47] = { 0x2f, 0x09, 0x32, 0 },                               /* KeyV */
	[48] = { 0x30, 0x0b, 0x1e, 0 },                               /* KeyB */
	[49] = { 0x31, 0x2d, 0x2a, 0 },                               /* KeyN */
	[50] = { 0x32, 0x2e, 0x29, 0 },                               /* KeyM */
	[51] = { 0x33, 0x2b, 0x37, 0 },                               /* Comma */
	[52] = { 0x34, 0x2f, 0x38, 0 },                               /* Dot */
	[53] = { 0x35, 0x2c, 0x4c, 0 },                               /* Slash */
	[54] = { 0x36, 0x3c, 0x3c, SES__CONTROL_KEY__RShift },        /* ShiftRight */
	[55] = { 0x37, 0x43, N, SES__CONTROL_KEY__Multiply },         /* KpMultiply */
	[56] = { 0x38, 0x3a, 0x39, SES__CONTROL_KEY__Alt },           /* Alt */
	[57] = { 0x39, 0x31, 0x3e, SES__CONTROL_KEY__Space },         /* Space */
	[58] = { 0x3a, 0x39, 0x73, 0 },                               /* CapsLock */
	[59] = { 0x3b, 0x7a, 0x83, SES__CONTROL_KEY__F1 },            /* F1 */
	[60] = { 0x3c, 0x78, 0x84, SES__CONTROL_KEY__F2 },            /* F2 */
	[61] = { 0x3d, 0x63, 0x85, SES__CONTROL_KEY__F3 },            /* F3 */
	[62] = { 0x3e, 0x76, 0x86, SES__CONTROL_KEY__F4 },            /* F4 */
	[63] = { 0x3f, 0x60, 0x87, SES__CONTROL_KEY__F5 },            /* F5 */
	[64] = { 0x40, 0x61, 0x88, SES__CONTROL_KEY__F6 },            /* F6 */
	[65] = { 0x41, 0x62, 0x89, SES__CONTROL_KEY__F7 },            /* F7 */
	[66] = { 0x42, 0x64, 0x8a, SES__CONTROL_KEY__F8 },            /* F8 */
	[67] = { 0x43, 0x65, 0x8b, SES__CONTROL_KEY__F9 },            /* F9 */
	[68] = { 0x44, 0x6d, 0x8c, SES__CONTROL_KEY__F10 },           /* F10 */
	[69] = { 0x45, 0x47, 0x8f, 0 },                               /* NumLock */
	[70] = { 0x46, N, 0x74, 0 },                                  /* ScrollLock */
	[71] = { 0x47, 0x59, N, SES__CONTROL_KEY__Numpad7 },          /* Kp7 */
	[72] = { 0x48, 0x5b, N, SES__CONTROL_KEY__Numpad8 },          /* Kp8 */
	[73] = { 0x49, 0x5c, N, SES__CONTROL_KEY__Numpad9 },          /* Kp9 */
	[74] = { 0x4a, 0x4e, N, SES__CONTROL_KEY__Subtract },         /* KpMinus */
	[75] = { 0x4b, 0x56, N, SES__CONTROL_KEY__Numpad4 },          /* Kp4 */
	[76] = { 0x4c, 0x57, N, SES__CONTROL_KEY__Numpad5 },          /* Kp5 */
	[77] = { 0x4d, 0x58, N, SES__CONTROL_KEY__Numpad6 },          /* Kp6 */
	[78] = { 0x4e, 0x45, N, SES__CONTROL_KEY__Add },              /* KpPlus */
	[79] = { 0x4f, 0x53, N, SES__CONTROL_KEY__Numpad1 },          /* Kp1 */
	[80] = { 0x50, 0x54, N, SES__CONTROL_KEY__Numpad2 },          /* Kp2 */
	[81] = { 0x51, 0x55, N, SES__CONTROL_KEY__Numpad3 },          /* Kp3 */
	[82] = { 0x52, 0x52, N, SES__CONTROL_KEY__Numpad0 },          /* Kp0 */
	[83] = { 0x53, 0x41, N, SES__CONTROL_KEY__Decimal },          /* KpDecimal */
	[85] = { 0x76, N, N, 0 },                                     /* Lang5 */
	[86] = { 0x56, 0x0a, N, 0 },                                  /* IntlBackslash */
	[87] = { 0x57, 0x67, 0x8d, SES__CONTROL_KEY__F11 },           /* F11 */
	[88] = { 0x58, 0x6f, 0x8e, SES__CONTROL_KEY__F12 },           /* F12 */
	[89] = { 0x73, 0x5e, N, 0 },                                  /* IntlRo */
	[90] = { 0x78, N, N, 0 },                                     /* Lang3 */
	[91] = { 0x77, N, N, 0 },                                     /* Lang4 */
	[92] = { 0x79, N, N, SES__CONTROL_KEY__Convert },             /* Convert */
	[93] = { 0x70, N, 0xda, 0 },                                  /* KanaMode */
	[94] = { 0x7b, N, N, 0 },                                     /* NonConvert */
	[96] = { 0xe01c, 0x4c, N, SES__CONTROL_KEY__NumpadEnter },    /* KpReturn */
	[97] = { 0xe01d, 0x3e, 0x72, SES__CONTROL_KEY__RControl },    /* ControlRight */
	[98] = { 0xe035, 0x4b, N, SES__CONTROL_KEY__Divide },         /* KpDivide */
	[99] = { 0xe037, N, 0x78, SES__CONTROL_KEY__Snapshot },       /* PrintScreen */
	[100] = { 0xe038, 0x3d, 0x3a, SES__CONTROL_KEY__RAlt },       /* AltGr */
	[102] = { 0xe047, 0x73, 0x03, SES__CONTROL_KEY__Home },       /* Home */
	[103] = { 0xe048, 0x7e, 0x13, SES__CONTROL_KEY__UpArrow },    /* UpArrow */
	[104] = { 0xe049, 0x74, 0x5c, SES__CONTROL_KEY__PageUp },     /* PageUp */
	[105] = { 0xe04b, 0x7b, 0x15, SES__CONTROL_KEY__LeftArrow },  /* LeftArrow */
	[106] = { 0xe04d, 0x7c, 0x16, SES__CONTROL_KEY__RightArrow }, /* RightArrow */
	[107] = { 0xe04f, 0x77, 0x7b, SES__CONTROL_KEY__End },        /* End */
	[108] = { 0xe050, 0x7d, 0x14, SES__CONTROL_KEY__DownArrow },  /* DownArrow */
	[109] = { 0xe051, 0x79, 0x5d, SES__CONTROL_KEY__PageDown },   /* PageDown */
	[110] = { 0xe052, 0x72, 0x7c, SES__CONTROL_KEY__Insert },     /* Insert */
	[111] = { 0xe053, 0x75, 0x70, SES__CONTROL_KEY__Delete },     /* Delete */
	[113] = { 0xe020, 0x4a, N, SES__CONTROL_KEY__VolumeMute },    /* VolumeMute */
	[114] = { 0xe02e, 0x49, N, SES__CONTROL_KEY__VolumeDown },    /* VolumeDown */
	[115] = { 0xe030, 0x48, N, SES__CONTROL_KEY__VolumeUp },      /* VolumeUp */
	[117] = { 0x59, 0x51, N, SES__CONTROL_KEY__Equals },          /* KpEqual */
	[119] = { N, N, 0x79, SES__CONTROL_KEY__Pause },              /* Pause */
	[121] = { 0x7e, 0x5f, N, 0 },                                 /* KpComma */
	[122] = { 0xf2, 0x68, N, SES__CONTROL_KEY__Hangul },          /* Lang1 */
	[123] = { 0xf1, 0x66, N, SES__CONTROL_KEY__Hanja },           /* Lang2 */
	[124] = { 0x7d, 0x5d, N, 0 },                                 /* IntlYen */
	[125] = { 0xe05b, 0x37, 0x75, SES__CONTROL_KEY__Meta },       /* MetaLeft */
	[126] = { 0xe05c, 0x36, N, SES__CONTROL_KEY__RWin },          /* MetaRight */
	[127] = { 0xe05d, 0x6e, N, SES__CONTROL_KEY__Apps },          /* Apps */
	[183] = { 0x64, 0x69, N, 0 },                                 /* F13 */
	[184] = { 0x65, 0x6b, N, 0 },                                 /* F14 */
	[185] = { 0x66, 0x71, N, 0 },                                 /* F15 */
	[186] = { 0x67, 0x6a, N, 0 },                                 /* F16 */
	[187] = { 0x68, 0x40, N, 0 },                                 /* F17 */
	[188] = { 0x69, 0x4f, N, 0 },                                 /* F18 */
	[189] = { 0x6a, 0x50, N, 0 },                                 /* F19 */
	[190] = { 0x6b, 0x5a, N, 0 },                                 /* F20 */
	[191] = { 0x6c, N, N, 0 },                                    /* F21 */
	[192] = { 0x6d, N, N, 0 },                                    /* F22 */
	[193] = { 0x6e, N, N, 0 },                                    /* F23 */
	[194] = { 0x76, N, N, 0 },                                    /* F24 */
};

static bool known(unsigned evdev)
{
	return evdev < HWS_COUNT(keys) && (keys[evdev].windows || keys[evdev].macos);
}

uint32_t hws_keymap_position(enum hws_peer_platform platform, unsigned evdev)
{
	/* A Linux host knows every key this side knows. */
	if (platform == HWS_PLATFORM_LINUX || platform == HWS_PLATFORM_OTHER)
		return evdev > 0 && evdev < 248 ? evdev + 8 : N;
	if (!known(evdev))
		return N;
	switch (platform) {
	case HWS_PLATFORM_WINDOWS:
		return keys[evdev].windows;
	case HWS_PLATFORM_MACOS:
		return keys[evdev].macos;
	default:
		return keys[evdev].android;
	}
}

/* What the numpad means without NumLock, from digit 0 on. */
static const Ses__ControlKey navigation[10] = { SES__CONTROL_KEY__Insert, SES__CONTROL_KEY__End,
	SES__CONTROL_KEY__DownArrow, SES__CONTROL_KEY__PageDown, SES__CONTROL_KEY__LeftArrow,
	SES__CONTROL_KEY__Clear, SES__CONTROL_KEY__RightArrow, SES__CONTROL_KEY__Home,
	SES__CONTROL_KEY__UpArrow, SES__CONTROL_KEY__PageUp };

Ses__ControlKey hws_keymap_control(enum hws_peer_platform platform, unsigned evdev, bool num_lock)
{
	Ses__ControlKey c;

	if (!known(evdev))
		return SES__CONTROL_KEY__Unknown;
	c = (Ses__ControlKey)keys[evdev].control;
	if (platform != HWS_PLATFORM_WINDOWS || num_lock)
		return c;
	if (c >= SES__CONTROL_KEY__Numpad0 && c <= SES__CONTROL_KEY__Numpad9)
		return navigation[c - SES__CONTROL_KEY__Numpad0];
	return c == SES__CONTROL_KEY__Decimal ? SES__CONTROL_KEY__Delete : c;
}

bool hws_keymap_caps_matters(unsigned evdev)
{
	/* Rows of letters with their neighbours: Q..P [ ], A..L ; ', Z..M , . */
	return (evdev >= 16 && evdev <= 27) || (evdev >= 30 && evdev <= 40) ||
			(evdev >= 44 && evdev <= 52);
}

bool hws_keymap_is_numpad(unsigned evdev)
{
	/* 7 8 9 - 4 5 6 + 1 2 3 0 . stand together; * / Enter = , elsewhere. */
	return (evdev >= 71 && evdev <= 83) || evdev == 55 || evdev == 96 || evdev == 98 ||
			evdev == 117 || evdev == 121;
}
