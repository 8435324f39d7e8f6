"""What both tests of the console need: its views, going to one, and what must hold in each: labels, texts, contrast, width."""
import os
import shutil
import subprocess

VIEWS = ["/", "/devices", "/live", "/books", "/users", "/groups", "/device-groups", "/rules", "/control-roles", "/strategies", "/audit",
    "/recordings", "/relays", "/tokens", "/settings", "/settings?tab=mail", "/settings?tab=webhooks", "/settings?tab=oidc",
    "/settings?tab=ldap", "/account"]
READY = "!document.querySelector('[aria-busy]') && document.querySelector('main h1') && !document.body.innerText.includes('Loading…')"
# What one hears or reads: each field has a name, each button a text, one title a page, no row outside of the window.
AUDIT = """(() => {
  const bad = [], seen = (e) => test.seen(e), say = (e, why) => bad.push(`${e.outerHTML.slice(0, 100)}: ${why}`);
  for (const e of document.querySelectorAll('input, select, textarea'))
    if (seen(e) && !e.labels?.length && !e.getAttribute('aria-label')) say(e, 'has no label');
  for (const e of document.querySelectorAll('button, a'))
    if (seen(e) && !e.textContent.trim() && !e.getAttribute('aria-label')) say(e, 'has no text');
  if (document.querySelectorAll('h1').length !== 1) bad.push('there is not one title');
  let level = 0;
  for (const e of document.querySelectorAll('h1, h2, h3, h4')) {
    if (!seen(e)) continue;
    if (e.tagName[1] > level + 1) say(e, `is a title below none of level ${level + 1}`);
    level = Number(e.tagName[1]);
  }
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  if (new Set(ids).size !== ids.length) bad.push('an id stands twice');
  if (document.documentElement.scrollWidth > innerWidth) bad.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${innerWidth}`);
  const part = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = (c) => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
  const parse = (s) => (s.match(/[\\d.]+/g) ?? []).map(Number);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; } return [255, 255, 255]; };
  for (const e of document.querySelectorAll('body *')) {
    if (!seen(e) || e.closest('svg') || e.disabled || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) say(e, `contrast ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
  }
  return bad;
})()"""


def go(b, path):
    b.eval(f"location.hash = {'#' + path!r}")
    b.wait(f"document.getElementById('main').dataset.at === {'#' + path!r}")
    b.wait(READY)


# What a person can act on, as the browser tells it to programs that read a page out.
ACTED_ON = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "spinbutton", "listbox", "Date", "ColorWell", "dialog", "table"}


def spoken(b):
    """What is wrong with the page for those who hear it: things without a name, lists that are no tables any more."""
    nodes = [n for n in b.call("Accessibility.getFullAXTree")["nodes"] if not n["ignored"]]
    said = [(n.get("role", {}).get("value"), n.get("name", {}).get("value", "")) for n in nodes]
    faults = [f"a {role} without a name is read out" for role, name in said if role in ACTED_ON and not name.strip()]
    roles = [role for role, _ in said]
    if b.eval("document.querySelectorAll('main section.list').length") > roles.count("table"):
        faults.append("a list is read out that is no table")
    for landmark in ("main", "banner", "navigation"):
        if landmark not in roles and b.eval(f"Boolean(document.querySelector('{ {'banner': 'header', 'navigation': 'nav'}.get(landmark, landmark)}')?.getClientRects().length)"):
            faults.append(f"there is no {landmark}")
    return faults


def keep(b, folder, name):
    """A picture of the page, without the notes that come and go, in few colours: of flat grounds and text nothing is lost."""
    if not folder:
        return
    path = os.path.join(folder, name + ".png")
    b.eval("document.getElementById('says')?.replaceChildren()")
    b.picture(path)
    if shutil.which("convert"):
        subprocess.run(["convert", path, "-strip", "-dither", "none", "-colors", "96", "PNG8:" + path], check=True)
