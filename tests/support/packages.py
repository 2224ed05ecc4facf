"""Small SCORM packages in the manners of the programs that make them; none of their code is here."""

import io
import zipfile
from collections.abc import Mapping
from html import escape

from tests.support.cartridges import picture

V12 = "http://www.adlnet.org/xsd/adlcp_rootv1p2"
V2004 = "http://www.adlnet.org/xsd/adlcp_v1p3"
Files = Mapping[str, str | bytes]

# As authoring programs look for the platform: up through the parents, then in whoever opened the window.
FIND_12 = """
function findAPI(win) {
  var tries = 0;
  while (win.API == null && win.parent != null && win.parent != win && tries++ < 10) win = win.parent;
  return win.API;
}
function getAPI() {
  var api = findAPI(window);
  if (api == null && window.opener != null && typeof window.opener != "undefined") api = findAPI(window.opener);
  return api;
}
"""
# As the 2004 examples do: beginning with the parent, never with the window itself.
FIND_2004 = """
function ScanForAPI(win) {
  var tries = 0;
  while (win.API_1484_11 == null && win.parent != null && win.parent != win) {
    if (++tries > 500) return null;
    win = win.parent;
  }
  return win.API_1484_11;
}
function GetAPI(win) {
  var api = null;
  if (win.parent != null && win.parent != win) api = ScanForAPI(win.parent);
  if (api == null && win.opener != null) api = ScanForAPI(win.opener);
  return api;
}
"""


def zipped(files: Files, *, folder: str = "") -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(folder + name, content)
    return body.getvalue()


def item(number: int, title: str, inside: str = "") -> str:
    return f'<item identifier="i{number}" identifierref="r{number}"><title>{escape(title)}</title>{inside}</item>'


def resource(number: int, href: str, *, kind: str = "sco", more: str = "") -> str:
    name = f'adlcp:scormType="{kind}" adlcp:scormtype="{kind}"'
    return f'<resource identifier="r{number}" type="webcontent" {name} href="{escape(href)}"{more}/>'


def manifest(
    items: str, resources: str, *, version: str = "1.2", title: str = "Fire safety", inside: str = "", head: str = ""
) -> str:
    space = V12 if version == "1.2" else V2004
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<manifest identifier="m" version="1" xmlns:adlcp="{space}"'
        ' xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"'
        ' xmlns:imsss="http://www.imsglobal.org/xsd/imsss">'
        f"<metadata><schema>ADL SCORM</schema><schemaversion>{version}</schemaversion></metadata>"
        f'<organizations default="o"><organization identifier="o"><title>{escape(title)}</title>{items}{inside}'
        f"</organization></organizations><resources>{resources}</resources></manifest>"
    )


def quiz_12() -> dict[str, str | bytes]:
    """One SCO of several pages: styles that name fonts and pictures, data beside it, a script that fetches another."""
    return {
        "imsmanifest.xml": manifest(
            item(1, "Fire safety", "<adlcp:masteryscore>60</adlcp:masteryscore>"), resource(1, "res/index.html?lang=en")
        ),
        "res/index.html": (
            "<!DOCTYPE html><html><head><meta charset='utf-8'><title>Fire</title>"
            "<link rel='stylesheet' href='css/main.css'><script src='lib/scorm.js'></script></head>"
            "<body onload='begin()'><h1>Fire safety</h1><img id='pic' src='img/a.png' alt='A fire'>"
            "<p id='told'>…</p><p id='late'>…</p><a id='next' href='pages/two.html?from=one'>Next page</a>"
            "</body></html>"
        ),
        "res/pages/two.html": (
            "<!DOCTYPE html><html><head><meta charset='utf-8'><link rel='stylesheet' href='../css/main.css'>"
            "<script src='../lib/scorm.js'></script></head><body onload='goOn()'><h1>Second page</h1>"
            "<p id='before'>…</p><button id='finish' onclick='finish()'>Finish</button><p id='done'></p></body></html>"
        ),
        "res/css/main.css": "@import 'more.css'; body { background: #fff url(\"../img/a.png\") no-repeat right; }",
        "res/css/more.css": "h1 { color: rgb(0, 100, 0); }",
        "res/img/a.png": picture(),
        "res/data/words.json": '{"welcome": "Добро пожаловать"}',
        "res/lib/late.js": "document.getElementById('late').textContent = 'came later';",
        "res/lib/scorm.js": FIND_12
        + """
var api = getAPI();
function begin() {
  api.LMSInitialize("");
  api.LMSSetValue("cmi.core.lesson_status", "incomplete");
  api.LMSSetValue("cmi.suspend_data", "page=1");
  var request = new XMLHttpRequest();
  request.open("GET", "data/words.json", true);
  request.onload = function () {
    document.getElementById("told").textContent = JSON.parse(request.responseText).welcome + " " + location.search;
  };
  request.send();
  var script = document.createElement("script");
  script.src = "lib/late.js";
  document.body.appendChild(script);
  api.LMSCommit("");
}
function goOn() {
  document.getElementById("before").textContent =
    api.LMSGetValue("cmi.suspend_data") + " " + api.LMSGetValue("cmi.core.student_name");
}
function finish() {
  api.LMSSetValue("cmi.core.score.raw", "80");
  api.LMSSetValue("cmi.core.score.min", "0");
  api.LMSSetValue("cmi.core.score.max", "100");
  api.LMSSetValue("cmi.core.session_time", "00:02:05");
  api.LMSSetValue("cmi.core.exit", "suspend");
  var ended = api.LMSFinish("");
  document.getElementById("done").textContent = "finished " + ended + " " + api.LMSGetLastError();
}
""",
    }


def course_2004() -> dict[str, str | bytes]:
    """Two SCOs and a picture to look at, in an order with rules that we do not follow; the files stand in a folder."""
    rules = (
        "<imsss:sequencing><imsss:sequencingRules><imsss:preConditionRule/></imsss:sequencingRules></imsss:sequencing>"
    )
    page = (
        "<!DOCTYPE html><html><head><script src='../api.js'></script></head><body><h1>{0}</h1>"
        "<script>var api = GetAPI(window); api.Initialize(''); api.SetValue('cmi.score.scaled', '{1}');"
        "api.SetValue('cmi.success_status', 'passed'); api.SetValue('cmi.completion_status', 'completed');"
        "api.SetValue('cmi.session_time', 'PT1M30S'); api.Terminate('');</script></body></html>"
    )
    items = item(1, "First", rules) + (
        f'<item identifier="folder"><title>More</title>{item(2, "Second")}{item(3, "A picture")}</item>'
    )
    resources = (
        resource(1, "one/index.html", more=' xml:base="scos/"')
        + resource(2, "scos/two/index.html")
        + resource(3, "scos/a.png", kind="asset")
    )
    return {
        "imsmanifest.xml": manifest(items, resources, version="2004 4th Edition", title="Two parts"),
        "adlcp_v1p3.xsd": "<schema/>",
        "scos/api.js": FIND_2004,
        "scos/one/index.html": page.format("First", "0.5"),
        "scos/two/index.html": page.format("Second", "0.9"),
        "scos/a.png": picture(),
    }


SPY = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>Spy</title></head><body><h1>Spy</h1><ul id="told"></ul>
<script>
var waiting = [];
function tried(name, get) {
  var line = document.createElement("li");
  document.getElementById("told").appendChild(line);
  function say(found) { line.textContent = name + ": " + (found ? "GOT " + found : "nothing"); }
  var answer;
  try { answer = get(); } catch (error) { answer = null; }
  waiting.push(Promise.resolve(answer).then(say, function () { say(null); }));
}
tried("cookies", function () { return document.cookie; });
tried("local storage", function () { return localStorage.length ? localStorage.key(0) : null; });
tried("session storage", function () { return sessionStorage.length ? sessionStorage.key(0) : null; });
tried("databases", function () { return indexedDB.databases().then(function (all) { return all.length; }); });
tried("caches", function () { return caches.keys().then(function (all) { return all.length; }); });
tried("page above", function () { return top.document.title; });
tried("address above", function () { return top.location.href; });
tried("steering", function () { top.location.href = "/stolen-top"; return null; });
tried("frames above", function () { return window.top.frames[0].document.title === undefined ? "x" : null; });
tried("own server", function () { return fetch("/api/v1/me?stolen").then(function (r) { return r.status; }); });
tried("request", function () {
  var request = new XMLHttpRequest();
  request.open("GET", location.origin + "/stolen", false);
  request.send();
  return request.responseText;
});
tried("other server", function () { return fetch("https://stolen.example/").then(function () { return "answer"; }); });
tried("beacon", function () { navigator.sendBeacon("/stolen-beacon", "x"); return null; });
tried("picture", function () {
  return new Promise(function (resolve) {
    var image = new Image();
    image.onload = function () { resolve("picture"); };
    image.onerror = function () { resolve(null); };
    image.src = "/icon-192.png?stolen";
  });
});
tried("socket", function () { return new WebSocket("wss://stolen.example/") && "socket"; });
tried("calls", function () { return new RTCPeerConnection() && "calls"; });
tried("window", function () { return window.open("https://stolen.example/"); });
tried("worker", function () {
  return navigator.serviceWorker.register("/stolen.js").then(function () { return "worker"; });
});
var form = document.createElement("form");
form.method = "post";
form.action = "/stolen-form";
document.body.appendChild(form);
try { form.submit(); } catch (error) {}
Promise.all(waiting).then(function () { document.title = "told"; document.body.appendChild(new Text("all told")); });
</script></body></html>"""


# A page that reaches for its own files in the many ways of authoring programs; each says what it found.
WAYS = """<!DOCTYPE html><html><head><meta charset="utf-8"><link rel="stylesheet" href="ways.css">
<script src="../res/lib/find.js"></script></head><body><div id="bg"></div><ul id="found"></ul><div id="box"></div>
<iframe id="inner" src="inner.html"></iframe><iframe id="later"></iframe>
<script type="module" src="main.mjs"></script>
<script>
document.write('<img id="written" src="../res/img/a.png">');
function found(name, value) {
  var line = document.createElement("li");
  line.textContent = name + ": " + value;
  document.getElementById("found").appendChild(line);
}
function wide(id) {
  var image = document.getElementById(id);
  function say() { found(id, image.naturalWidth); }
  if (image.complete && image.naturalWidth) say(); else image.onload = say;
}
found("address", location.pathname.split("/frame")[1] + location.search + location.hash);
fetch("../res/data/words.json").then(function (r) { return r.json(); }).then(function (read) {
  found("fetch", read.welcome);
});
fetch("none.json").then(function (r) { found("missing", r.status); });
var request = new XMLHttpRequest();
request.open("GET", "data.xml", false);
request.send();
found("at once", request.responseXML.querySelector("b").textContent);
var worker = new Worker("worker.js");
worker.onmessage = function (event) { found("worker", event.data); };
worker.postMessage(21);
document.getElementById("box").innerHTML = '<img id="inside" src="../res/img/a.png">';
var template = document.createElement("template");
template.innerHTML = '<img id="copied" src="../res/img/a.png">';
document.body.appendChild(template.content.cloneNode(true));
wide("written"); wide("inside"); wide("copied");
localStorage.setItem("own", "kept");
found("own storage", localStorage.getItem("own"));
document.getElementById("later").src = "old.html";
getAPI().LMSInitialize("");
</script></body></html>"""
INNER = """<!DOCTYPE html><html><head><script src="../res/lib/find.js"></script></head><body><p id="p"></p><script>
var api = getAPI();
api.LMSSetValue("cmi.core.lesson_location", "inner");
document.getElementById("p").textContent = "from the frame: " + api.LMSGetValue("cmi.core.lesson_location");
</script></body></html>"""
OLD = (
    '<html><head><meta http-equiv="Content-Type" content="text/html; charset=windows-1251"></head><p>Привет</p></html>'
)


def ways() -> dict[str, str | bytes]:
    return {
        "ways/index.html": WAYS,
        "ways/ways.css": "#bg { background: url(../res/img/a.png); }",
        "ways/main.mjs": "import { name } from './name.mjs'; export { name } from './name.mjs'; found('module', name);"
        " import('./lazy.mjs').then((m) => found('lazy', m.name));",
        "ways/name.mjs": "export const name = 'named';",
        "ways/lazy.mjs": "import { name as first } from './main.mjs'; export const name = first + ' late';",
        "ways/worker.js": "onmessage = (event) => postMessage(event.data * 2);",
        "ways/data.xml": "<a><b>seven</b></a>",
        "ways/inner.html": INNER,
        "ways/old.html": OLD.encode("cp1251"),
        "res/lib/find.js": FIND_12,
    }


def quiz_and_spy() -> dict[str, str | bytes]:
    """The quiz; beside it an item that reaches for all that is its own, and one for everything that is not."""
    items = item(1, "Fire safety", "<adlcp:masteryscore>60</adlcp:masteryscore>") + item(2, "Spy") + item(3, "Ways")
    resources = (
        resource(1, "res/index.html?lang=en") + resource(2, "spy.html") + resource(3, "ways/index.html?one=1#two")
    )
    return {**quiz_12(), **ways(), "imsmanifest.xml": manifest(items, resources), "spy.html": SPY}
