#!/usr/bin/python3
"""A GTK program (3 or 4) with a text field: prints its content after each change as JSON, in ASCII."""
import json
import sys

import gi

version = sys.argv[1]
gi.require_version("Gtk", version + ".0")
gi.require_version("GdkX11", version + ".0") if version == "4" else None
from gi.repository import GLib, Gtk  # noqa: E402


def changed(entry):
    print("TEXT " + json.dumps(entry.get_text()), flush=True)


def show(window):
    if version == "4":
        from gi.repository import GdkX11

        xid = window.get_surface().get_xid()
    else:
        gi.require_version("GdkX11", "3.0")
        from gi.repository import GdkX11  # noqa: F401

        xid = window.get_window().get_xid()
    print("WINDOW %d" % xid, flush=True)
    return False


if version == "4":
    Gtk.init()
    window = Gtk.Window()
    entry = Gtk.Entry()
    window.set_child(entry)
    window.present()
else:
    window = Gtk.Window()
    entry = Gtk.Entry()
    window.add(entry)
    window.show_all()
entry.connect("changed", changed)
entry.grab_focus()
GLib.timeout_add(300, show, window)
GLib.MainLoop().run()
