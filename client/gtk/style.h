/* gtk/style: the few rules that differ from the user's theme. */
#pragma once

static const char gui_style[] =
		".hawser-canvas { background: #14171a; }\n"
		".hawser-page { padding: 32px; }\n"
		".hawser-title { font-size: 150%; font-weight: bold; }\n"
		".hawser-id { font-size: 170%; font-family: monospace; letter-spacing: 2px; }\n"
		".hawser-hint { opacity: 0.7; }\n"
		".hawser-status { padding: 2px 10px; font-size: 90%; }\n"
		".hawser-bar { padding: 6px; border-radius: 0 0 9px 9px; }\n"
		".hawser-insecure { color: #c01c28; font-weight: bold; }\n";
