/* A program of plain Xlib: prints what it makes of each key press, as programs of this kind do:
 * with the map of the moment when it handles the event. "c 416" is a character (hexadecimal), "s
 * ff0d" a symbol without one; "+c" and the like in front when Control (C), Alt (A) or Super (S) is
 * down. */
#include <X11/XKBlib.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xkbcommon/xkbcommon.h>

static void on_key(XKeyEvent *e)
{
	char bytes[32];
	KeySym sym = 0;

	XLookupString(e, bytes, sizeof(bytes), &sym, NULL);
	unsigned cp = xkb_keysym_to_utf32((xkb_keysym_t)sym);
	if (sym >= XK_Shift_L && sym <= XK_Hyper_R)
		return;
	if (sym >= 0xfe01 && sym <= 0xfe13) /* level and group shifts */
		return;
	printf("%s%s%s%c %x\n", e->state & ControlMask ? "C" : "", e->state & Mod1Mask ? "A" : "",
			e->state & Mod4Mask ? "S" : "", cp >= 0x20 && cp != 0x7f ? 'c' : 's',
			cp >= 0x20 && cp != 0x7f ? cp : (unsigned)sym);
}

int main(int argc, char **argv)
{
	Display *d = XOpenDisplay(NULL);
	useconds_t pause = argc > 1 ? (useconds_t)(strtoul(argv[1], NULL, 10) * 1000) : 0;
	XEvent e;

	if (!d)
		return 1;
	Window w = XCreateSimpleWindow(d, DefaultRootWindow(d), 0, 0, 300, 200, 0, 0, 0);
	/* libX11 reads the map at its first use, and only then asks to be told of changes: of one
	 * between the two it never hears. Programs are past that when somebody types. */
	(void)XkbKeycodeToKeysym(d, 24, 0, 0);
	XSync(d, False);
	XSelectInput(d, w, KeyPressMask | KeyReleaseMask | StructureNotifyMask);
	XMapWindow(d, w);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		(void)XEventsQueued(d,
				/* toolkits read all that has come, each time */
				QueuedAfterReading);
		XNextEvent(d, &e);
		if (e.type == MapNotify) {
			XSetInputFocus(d, w, RevertToPointerRoot, CurrentTime);
			XSync(d, False);
			printf("ready\n");
		} else if (e.type == MappingNotify) {
			XRefreshKeyboardMapping(&e.xmapping);
		} else if (e.type == KeyPress) {
			on_key(&e.xkey);
			if (pause)
				usleep(pause);
		}
	}
}
