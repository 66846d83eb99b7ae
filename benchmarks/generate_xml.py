"""LEDES XML 2.2 files of any size that look real, written line by line and not by the engine's own writer."""

from decimal import Decimal
from xml.sax.saxutils import escape

from benchmarks.generate import invoice_file

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<ledesxmlebilling2.2 xmlns="http://www.ledes.org/LEDES22.xsd">
  <firm>
    <lf_vendor_id>12-3456789</lf_vendor_id>
    <lf_name>Norden &amp; Partners LLP</lf_name>
    <source_app>Ledger</source_app>
    <app_version>1.0</app_version>
    <client>
      <cl_id>CL0001</cl_id>
      <cl_lf_id>V1</cl_lf_id>
      <cl_name>Transatlantic Freight plc</cl_name>
"""
_TAIL = "    </client>\n  </firm>\n</ledesxmlebilling2.2>\n"


def xml_file(lines: int, seed: int = 20260201) -> bytes:
    """A clean 2.2 file with so many line items: the invoices of the 1998B file of that size and seed."""
    records = [line[:-2].split("|") for line in invoice_file(lines, seed).decode().split("\r\n")[2:-1]]
    parts = [_HEAD]
    invoice: list[list[str]] = []
    for record in records:
        if invoice and record[1] != invoice[0][1]:
            parts.append(_invoice(invoice))
            invoice = []
        invoice.append(record)
    return "".join([*parts, _invoice(invoice), _TAIL]).encode()


def _element(indent: int, name: str, value: object) -> str:
    return f"{' ' * indent}<{name}>{escape(str(value))}</{name}>\n"


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def _invoice(records: list[list[str]]) -> str:
    first = records[0]
    fees = sum((Decimal(record[12]) for record in records if record[9] == "F"), Decimal("0.00"))
    costs = sum((Decimal(record[12]) for record in records if record[9] == "E"), Decimal("0.00"))
    head = {"inv_id": first[1], "inv_date": _day(first[0]), "inv_currency": "USD", "inv_start_date": _day(first[5]),
            "inv_end_date": _day(first[6]), "inv_desc": first[7], "inv_total_tax": "0.00",
            "inv_total_net_due": fees + costs}  # fmt: skip
    matter = {"cl_matter_id": first[23], "lf_matter_id": first[3], "matter_name": f"Matter {first[3]}",
              "matter_billing_type": "TM", "associated_line_items": "Y", "matter_total_detail_fees": fees,
              "matter_total_detail_exp": costs, "matter_net_fees": fees, "matter_net_exp": costs,
              "matter_total_due": fees + costs}  # fmt: skip
    people = dict.fromkeys((r[17], *r[21].split(", "), r[22], r[20]) for r in records if r[9] == "F")
    listed = [
        "        <tksum>\n"
        + "".join(map(_element, [10] * 5, ("tk_id", "tk_lname", "tk_fname", "tk_level", "tk_rate"), person))
        + "        </tksum>\n"
        for person in people
    ]
    return "".join(
        [
            "      <invoice>\n",
            *(_element(8, name, value) for name, value in head.items()),
            "        <matter>\n",
            *(_element(10, name, value) for name, value in matter.items()),
            *listed,
            *map(_line, records),
            "        </matter>\n      </invoice>\n",
        ]
    )


def _line(record: list[str]) -> str:
    fee = record[9] == "F"
    tag = "fee" if fee else "expense"
    values = {"charge_date": _day(record[13]), "tk_id": record[17], "tk_level": record[22], "charge_desc": record[18],
              "task_code": record[14], "task_activity" if fee else "expense_code": record[16] if fee else record[15],
              "charge_type": "U", "units": record[10], "rate": record[20], "base_amount": record[12],
              "item_disc_cred_amount": "0.00", "total_amount": record[12], "work_location_country": "US",
              "work_location_locality": "New York, NY"}  # fmt: skip
    inner = "".join(_element(12, name, value) for name, value in values.items())
    return f"          <{tag}>\n{inner}          </{tag}>\n"
