"""QTI 2.1, 2.2 and 3.0: the package. A zip of one file an item, pictures, a test that names them, and a manifest.

Items are made with version 2's names; version 3 is the same tree with its own.
"""

import io
import re
import zipfile
from functools import partial
from typing import Any, Literal

from lxml import etree

from server.assessments.interchange.document import QuestionDocument
from server.assessments.interchange.loss import Report
from server.assessments.interchange.mathml import MATHML
from server.assessments.interchange.pictures import Picture, pictures_of
from server.assessments.interchange.qti_writing import item_of
from server.assessments.interchange.xml import Element, add, clean, to_bytes

QtiVersion = Literal["qti21", "qti22", "qti30"]

NAMESPACES = {
    "qti21": "http://www.imsglobal.org/xsd/imsqti_v2p1",
    "qti22": "http://www.imsglobal.org/xsd/imsqti_v2p2",
    "qti30": "http://www.imsglobal.org/xsd/imsqtiasi_v3p0",
}
TYPES = {"qti21": "imsqti_{}_xmlv2p1", "qti22": "imsqti_{}_xmlv2p2", "qti30": "imsqti_{}_xmlv3p0"}
MANIFEST_NAMESPACE = "http://www.imsglobal.org/xsd/imscp_v1p1"

_HTML = frozenset({"p", "div", "span", "br", "img"})
_MOMENT = (2026, 1, 1, 0, 0, 0)  # The same questions give the same bytes.


def write_qti(document: QuestionDocument, version: QtiVersion) -> tuple[bytes, QuestionDocument]:
    report = Report()
    out = io.BytesIO()
    names: list[str] = []
    pictures = pictures_of(document)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for place, question in enumerate(document.questions, start=1):
            root = report.take(question, partial(item_of, f"item{place}"))
            if root is not None:
                names.append(f"items/item{place}.xml")
                _put(packed, names[-1], _named(root, version))
        _put(packed, "test.xml", _named(_test(document.title or "Test", names), version))
        files = [_put_picture(packed, picture) for picture in pictures.values()]
        _put(packed, "imsmanifest.xml", _manifest(names, files, version))
    return out.getvalue(), report.document


def _put(packed: zipfile.ZipFile, name: str, root: Element) -> None:
    info = zipfile.ZipInfo(name, _MOMENT)
    info.compress_type = zipfile.ZIP_DEFLATED
    packed.writestr(info, to_bytes(root, is_indented=False))


def _put_picture(packed: zipfile.ZipFile, picture: Picture) -> str:
    """Where items find it: by the id in their marks."""
    name = f"pictures/{picture.id}"
    packed.writestr(zipfile.ZipInfo(name, _MOMENT), picture.content)
    return name


def _named(root: Element, version: QtiVersion) -> Element:
    """The tree in the version's namespace, under the version's names."""
    space = NAMESPACES[version]
    own: Any = {None: space}  # Any: the stubs want a prefix.
    made = etree.Element(f"{{{space}}}{_tag(str(root.tag), version)}", nsmap=own)
    stack = [(root, made)]
    while stack:
        source, target = stack.pop()
        target.text, target.tail = source.text, source.tail
        if _is_math(source):
            target.attrib.update(source.attrib)
        else:
            for key, value in source.attrib.items():
                target.set(_kebab(str(key)) if version == "qti30" and source.tag not in _HTML else str(key), str(value))
        stack += [(one, _put_in(target, one, space, version)) for one in source]
    return made


def _is_math(element: Element) -> bool:
    return str(element.tag).startswith(f"{{{MATHML}}}")


def _put_in(target: Element, source: Element, space: str, version: QtiVersion) -> Element:
    if _is_math(source):
        own: Any = {None: MATHML}  # As above.
        return etree.SubElement(target, source.tag, nsmap=own)
    return etree.SubElement(target, f"{{{space}}}{_tag(str(source.tag), version)}")


def _tag(tag: str, version: QtiVersion) -> str:
    return tag if version != "qti30" or tag in _HTML else f"qti-{_kebab(tag)}"


def _kebab(words: str) -> str:
    return re.sub(r"[A-Z]", lambda hit: "-" + hit.group().lower(), words)


def _test(title: str, names: list[str]) -> Element:
    root = etree.Element("assessmentTest", identifier="test", title=clean(title))
    section = add(
        add(root, "testPart", identifier="part", navigationMode="nonlinear", submissionMode="simultaneous"),
        "assessmentSection",
        identifier="section",
        title=title,
        visible="true",
    )
    for place, name in enumerate(names, start=1):
        add(section, "assessmentItemRef", identifier=f"ref{place}", href=name)
    return root


def _manifest(names: list[str], pictures: list[str], version: QtiVersion) -> Element:
    own: Any = {None: MANIFEST_NAMESPACE}  # As above.
    root = etree.Element(f"{{{MANIFEST_NAMESPACE}}}manifest", nsmap=own, identifier="manifest")
    for part in ("metadata", "organizations"):
        etree.SubElement(root, f"{{{MANIFEST_NAMESPACE}}}{part}")
    resources = etree.SubElement(root, f"{{{MANIFEST_NAMESPACE}}}resources")
    for name in ("test.xml", *names):
        kind = TYPES[version].format("test" if name == "test.xml" else "item")
        ident = name.removesuffix(".xml").replace("/", "-")
        one = etree.SubElement(resources, f"{{{MANIFEST_NAMESPACE}}}resource", identifier=ident, type=kind, href=name)
        etree.SubElement(one, f"{{{MANIFEST_NAMESPACE}}}file", href=name)
    for place, name in enumerate(pictures, start=1):
        told = {"identifier": f"picture{place}", "type": "webcontent", "href": name}
        one = etree.SubElement(resources, f"{{{MANIFEST_NAMESPACE}}}resource", told)
        etree.SubElement(one, f"{{{MANIFEST_NAMESPACE}}}file", href=name)
    return root
