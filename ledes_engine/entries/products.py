"""What the columns of time-entry files are called by the products that export them."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ledes_engine.cards import near_miss
from ledes_engine.model import LedesError


class Product(NamedTuple):
    """A product's export: the columns it is known by, and the columns that hold what is asked for, best first."""

    name: str
    known_by: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]


# What an entry holds. Only the narrative must be there.
FIELDS = (
    *("narrative", "kind", "task", "activity", "expense", "matter", "client", "timekeeper"),
    *("day", "hours", "minutes", "rate", "amount", "billed"),
)
# The column that is added where a file has none for a code.
ADDED = {"task": "Task Code", "activity": "Activity Code", "expense": "Expense Code"}

PRODUCTS = (
    Product(
        "Clio import template",
        ("matter", "date", "activity_description", "note", "quantity", "activity_user"),
        {
            "narrative": ("note",),
            "kind": ("type",),
            "matter": ("matter",),
            "timekeeper": ("activity_user",),
            "day": ("date",),
            "hours": ("quantity",),
            "rate": ("price",),
        },
    ),
    Product(
        "Clio activities",
        ("Type", "Date", "Hours", "Description", "Matter number", "User"),
        {
            "narrative": ("Description",),
            "kind": ("Type",),
            "matter": ("Matter number",),
            "timekeeper": ("User",),
            "day": ("Date",),
            "hours": ("Hours",),
            "rate": ("Rate ($)",),
            "amount": ("Billable ($)",),
        },
    ),
    Product(
        "Clio API",
        ("note", "type", "quantity_in_hours"),
        {
            "narrative": ("note",),
            "kind": ("type",),
            "matter": ("matter.display_number", "matter.id"),
            "client": ("matter.client.name",),
            "timekeeper": ("user.name", "user.id"),
            "day": ("date",),
            "hours": ("quantity_in_hours",),
            "rate": ("price",),
            "amount": ("total",),
        },
    ),
    Product(
        "PracticePanther",
        ("description", "hours", "hourlyRate", "isBillable"),
        {
            "narrative": ("description", "notes"),
            "matter": ("project.number", "project.name", "projectId"),
            "client": ("account.name", "accountId"),
            "timekeeper": ("user.name", "userId"),
            "day": ("date",),
            "hours": ("hours",),
            "rate": ("hourlyRate",),
            "amount": ("total",),
        },
    ),
    Product(
        "Bill4Time",
        ("Client Name", "Project Name", "Billable Hours", "Date of Work", "Private Description"),
        {
            "narrative": ("Public Description", "Private Description"),
            "matter": ("Project ID (From Previous Software)", "Project Name"),
            "client": ("Client Name",),
            "timekeeper": ("User", "User ID"),
            "day": ("Date of Work",),
            "hours": ("Billable Hours",),
            "rate": ("Override Rate",),
        },
    ),
    Product(
        "Juris time",
        ("Timekeeper", "Client", "Matter", "HoursWork", "Narrative"),
        {
            "narrative": ("Narrative",),
            "task": ("Task",),
            "activity": ("Activity",),
            "matter": ("Matter",),
            "client": ("Client",),
            "timekeeper": ("Timekeeper",),
            "day": ("Date",),
            "hours": ("HoursBill", "HoursWork"),
            "rate": ("Rate",),
            "amount": ("Amount",),
        },
    ),
    Product(
        "Juris expenses",
        ("Client", "Matter", "ExpCd", "Units", "Narrative"),
        {
            "narrative": ("Narrative",),
            "expense": ("ExpCd",),
            "matter": ("Matter",),
            "client": ("Client",),
            "day": ("Date",),
            "hours": ("Units",),
            "rate": ("Mult",),
            "amount": ("Amount",),
        },
    ),
    Product(
        "stella",
        ("User", "Matter ID", "Duration (min)", "Task Code", "Activity Code", "Narrative"),
        {
            "narrative": ("Invoice Narrative", "Narrative"),
            "task": ("Task Code",),
            "activity": ("Activity Code",),
            "matter": ("Matter ID",),
            "timekeeper": ("User",),
            "day": ("Date",),
            "minutes": ("Billed (min)", "Duration (min)"),
            "rate": ("Rate",),
            "amount": ("Amount",),
        },
    ),
)

# Names that say by themselves what a column holds, for files of other products.
_USUAL = {
    "narrative": "narrative description note notes details work_performed work_description time_narrative "
    "line_item_description bill_text public_description text",
    "kind": "type kind line_type entry_type exp/fee/inv_adj_type",
    "task": "task_code task utbms_task utbms_task_code line_item_task_code",
    "activity": "activity_code activity utbms_activity utbms_activity_code line_item_activity_code",
    "expense": "expense_code utbms_expense utbms_expense_code exp_code line_item_expense_code",
    "matter": "matter matter_id matter_number matter_name case case_name project law_firm_matter_id",
    "client": "client client_id client_name client_number account",
    "timekeeper": "timekeeper timekeeper_id timekeeper_name user attorney staff biller lawyer initials user_id",
    "day": "date work_date entry_date day date_of_work worked_at line_item_date",
    "hours": "hours billable_hours billed_hours qty quantity units duration_(decimal) line_item_number_of_units",
    "minutes": "minutes billable_minutes duration_(min)",
    "rate": "rate hourly_rate rate_($) price unit_cost rate_amount line_item_unit_cost",
    "amount": "amount total billable_amount total_fee total_amount line_item_total",
    "billed": "billed billed_amount amount_billed invoiced_amount",
}


def columns_of(header: Sequence[str], given: Mapping[str, str] | None = None) -> tuple[str, dict[str, list[int]]]:
    """What a file comes from, and for each field the places of its columns, best first.

    `given` are the columns as the guidelines name them. Raises LedesError when no column holds a narrative.
    """
    places = {_simple(name): place for place, name in reversed(list(enumerate(header)))}
    product = next((one for one in PRODUCTS if all(_simple(name) in places for name in one.known_by)), None)
    if product:
        names: dict[str, Sequence[str]] = dict(product.columns)
        for field in ("task", "activity", "expense"):
            names.setdefault(field, [name for name in _USUAL[field].split() if name != field])
    else:
        names = {field: usual.split() for field, usual in _USUAL.items()}
    found = {
        field: [places[_simple(name)] for name in some if _simple(name) in places] for field, some in names.items()
    }
    for field, name in (given or {}).items():
        if field not in FIELDS:
            raise LedesError(f"[coding.columns]: there is no field {field!r}{near_miss(field, list(FIELDS))}")
        if _simple(name) not in places:
            continue  # the map may serve several kinds of file
        found[field] = [places[_simple(name)]]
    if not found.get("narrative"):
        told = ", ".join(header[:12]) or "nothing"
        raise LedesError(
            f"no column holds the narrative; the columns are {told}. Say which in the guidelines: "
            f'[coding.columns] narrative = "..."; also {", ".join(FIELDS[1:])}'
        )
    return product.name if product else "table", {field: some for field, some in found.items() if some}


def is_header(row: Sequence[str], given: Mapping[str, str] | None = None) -> bool:
    """Whether a row of a sheet names a column of narratives, among others."""
    try:
        columns_of(row, given)
    except LedesError:
        return False
    return sum(map(bool, row)) > 1


def reading_of(header: Sequence[str], columns: Mapping[str, Sequence[int]]) -> str:
    """Which columns are read as what, and which are not, in a sentence."""
    read = ", ".join(f"{field} = {header[places[0]]}" for field, places in columns.items())
    used = {place for places in columns.values() for place in places}
    left = ", ".join(name for place, name in enumerate(header) if place not in used and name)
    rest = f"; not read: {left} ([coding.columns] in the guidelines names columns)" if left else ""
    return f"columns read: {read}{rest}"


def _simple(name: str) -> str:
    """A column's name without case, marks of order, and the kind of blank."""
    return re.sub(r"[\s_]+", "_", name.strip().strip("*").lower())


def is_expense(kind: str, expense: str) -> bool:
    """Whether the words in a column of types, or a code, say that a row is an expense."""
    word = re.sub(r"[^a-z]", "", kind.lower())
    if word:
        return word in ("e", "ie", "x") or any(part in word for part in ("expense", "cost", "disbursement"))
    return bool(expense.strip())
