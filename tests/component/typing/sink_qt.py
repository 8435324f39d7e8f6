#!/usr/bin/python3
"""A Qt program with a text field: prints its content after each change as JSON, in ASCII."""
import json
import sys

from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication, QLineEdit

app = QApplication(sys.argv)
field = QLineEdit()
field.setMaxLength(1 << 20)
field.textChanged.connect(lambda t: print("TEXT " + json.dumps(t), flush=True))
field.show()
field.setFocus()
QTimer.singleShot(300, lambda: print("WINDOW %d" % int(field.winId()), flush=True))
app.exec_()
