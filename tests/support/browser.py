"""Drives a headless Chromium over its pipe (two descriptors, messages that end with a zero byte): what a test needs to do
in a page, and no more. Each wait is for a condition, with a limit that only a broken page reaches."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

LIMIT_S = 60
ARGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
# What a person would call a thing: the text of a button or a link, the label of a field; only what can be seen counts.
HELPERS = """
window.test = {
  seen: (e) => e.getClientRects().length > 0,
  root: () => [...document.querySelectorAll('dialog[open]')].pop() ?? document,
  button: (text) => [...test.root().querySelectorAll('button, a')].find((e) => test.seen(e)
    && (e.textContent.trim() === text || e.getAttribute('aria-label') === text)),
  field: (label) => {
    const l = [...test.root().querySelectorAll('label')].find((e) => test.seen(e) && e.textContent.replace(' (needed)', '').trim() === label);
    return (l && document.getElementById(l.htmlFor)) ?? test.root().querySelector(`[aria-label="${label}"]`);
  },
};
"""


def find():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    def __init__(self, width=1200, height=800, dark=False):
        self.home = tempfile.mkdtemp(prefix="hawser-browser-")
        to_child, self.out = os.pipe()
        self.inp, from_child = os.pipe()

        def descriptors():
            # the pipes may have the very numbers that they are to get
            a, b = os.dup2(to_child, 20), os.dup2(from_child, 21)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.proc = subprocess.Popen([find(), *ARGS, f"--user-data-dir={self.home}", f"--window-size={width},{height}", "about:blank"],
            preexec_fn=descriptors, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.home})
        os.close(to_child)
        os.close(from_child)
        self.rest, self.serial, self.faults = b"", 0, []
        self.session = None
        page = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=HELPERS)
        self.size(width, height)
        self.scheme(dark)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.out)
        os.close(self.inp)
        self.proc.terminate()
        try:
            self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        # its helpers write there a moment longer than it lives
        for _ in range(50):
            shutil.rmtree(self.home, ignore_errors=True)
            if not os.path.exists(self.home):
                break
            time.sleep(0.1)

    def message(self, limit):
        while b"\0" not in self.rest:
            if not select.select([self.inp], [], [], max(0, limit - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self.inp, 1 << 16)
            if not data:
                raise RuntimeError("the browser has ended")
            self.rest += data
        one, _, self.rest = self.rest.partition(b"\0")
        return json.loads(one)

    def call(self, method, **params):
        self.serial += 1
        ask = {"id": self.serial, "method": method, "params": params}
        if self.session:
            ask["sessionId"] = self.session
        os.write(self.out, json.dumps(ask).encode() + b"\0")
        limit = time.monotonic() + LIMIT_S
        while True:
            m = self.message(limit)
            if m.get("id") == self.serial:
                if "error" in m:
                    raise RuntimeError(f"{method}: {m['error']['message']}")
                return m["result"]
            self.note(m)

    def note(self, m):
        """Faults of the page: exceptions, and what its security policy refused."""
        p = m.get("params", {})
        if m.get("method") == "Runtime.exceptionThrown":
            d = p["exceptionDetails"]
            self.faults.append(d.get("exception", {}).get("description", d["text"]))
        elif m.get("method") == "Log.entryAdded" and p["entry"]["source"] == "security":
            self.faults.append(p["entry"]["text"])
        elif m.get("method") == "Page.javascriptDialogOpening":
            self.faults.append("the page opened a dialog of the browser: " + p["message"])

    def eval(self, text):
        r = self.call("Runtime.evaluate", expression=text, awaitPromise=True, returnByValue=True, allowUnsafeEvalBlockedByCSP=False)
        if "exceptionDetails" in r:
            raise RuntimeError(r["exceptionDetails"].get("exception", {}).get("description", "it threw"))
        return r["result"].get("value")

    def open(self, address):
        self.call("Page.navigate", url=address)

    def wait(self, condition):
        limit = time.monotonic() + LIMIT_S
        while time.monotonic() < limit:
            try:
                if self.eval(f"Boolean({condition})"):
                    return
            except RuntimeError:
                pass  # between two documents
            time.sleep(0.05)
        raise AssertionError(f"this does not come true: {condition}; the page says: {self.text()[:400]!r}")

    def text(self):
        return self.eval("document.body.innerText")

    def wait_text(self, text):
        self.wait(f"document.body.innerText.includes({json.dumps(text)})")

    def click(self, text):
        j = json.dumps(text)
        self.wait(f"test.button({j}) && !test.button({j}).disabled")
        self.eval(f"test.button({j}).focus(); test.button({j}).click()")

    def give(self, label, value):
        """Puts a value into a field as a person would: focus, text, events."""
        j = json.dumps(label)
        self.wait(f"test.field({j})")
        self.eval(f"""(() => {{ const e = test.field({j}); e.focus();
            if (e.type === 'checkbox') {{ if (e.checked !== {json.dumps(bool(value))}) e.click(); return; }}
            e.value = {json.dumps(str(value))};
            e.dispatchEvent(new Event('input', {{ bubbles: true }})); e.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()""")

    def key(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode={"Tab": 9, "Escape": 27, "Enter": 13}.get(key, 0),
                **({"text": {"Enter": "\r"}.get(key, key)} if kind == "keyDown" and (len(key) == 1 or key == "Enter") else {}))

    def scheme(self, dark):
        """Colours, without movement: what is half on its way is not what a test wants to see."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))
