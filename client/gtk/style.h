/* gtk/style: the few rules that differ from the user's theme. */
#pragma once

/* A frame that the theme draws around windows (without a compositor it is part of them) is in full
 * screen a white line around the picture, and lies between the pointer at the edge and what waits
 * for it there. */
static const char gui_style[] =
		".hawser-canvas { background: #14171a; }\n"
		".hawser-page { padding: 32px; }\n"
		".hawser-title { font-size: 150%; font-weight: bold; }\n"
		".hawser-id { font-size: 170%; font-family: monospace; letter-spacing: 2px; }\n"
		".hawser-hint { opacity: 0.7; }\n"
		".hawser-status { padding: 2px 10px; font-size: 90%; }\n"
		".hawser-figures { font-family: monospace; font-size: 90%; "
		"padding: 6px 6px 6px 10px; border-radius: 9px 0 0 0; }\n"
		".hawser-notice { padding: 4px 10px; }\n"
		".hawser-bar { padding: 6px; border-radius: 0 0 9px 9px; }\n"
		".hawser-menu button { min-height: 26px; padding-top: 1px; padding-bottom: 1px; }\n"
		".hawser-menu > button { padding-left: 6px; }\n"
		".hawser-recording { margin: 8px; padding: 3px 9px; border-radius: 9px; font-weight: bold; "
		"color: #ffffff; background: #c01c28; }\n"
		".hawser-insecure { color: #ffffff; background: #c01c28; font-weight: bold; }\n"
		"window.fullscreen { padding: 0; margin: 0; border: none; box-shadow: none; "
		"border-radius: 0; }\n";
