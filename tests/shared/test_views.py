"""A list: filters, sorting, pages, columns, fragments and files, from the address alone."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any

import django_filters
import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.db.models import DecimalField, QuerySet, Value
from django.db.models.functions import Cast, Length
from django.http import HttpResponse, HttpResponseBase
from django.test import RequestFactory
from django.urls import path
from django.utils import translation
from python_calamine import CalamineWorkbook

from o2c.shared.tables import AmountColumn, CheckColumn, Column, NameColumn, NumberColumn, Table, TextColumn
from o2c.shared.views import BulkAction, Empty, ListPage

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

urlpatterns = [path("sign-in/", lambda request: HttpResponse(), name="login")]


class GroupTable(Table):
    check = CheckColumn(amount="amount", label="name")
    name = NameColumn(verbose_name="Name", url="address")
    code = TextColumn(accessor="pk", export_only=True, verbose_name="Code")
    letters = NumberColumn(verbose_name="Letters", total=True)
    amount = AmountColumn(verbose_name="Amount", total=True)
    note = Column(empty_values=(), orderable=False, verbose_name="Note")

    def render_note(self, record: Group) -> str:
        return f"about {record.name}"

    def value_note(self, record: Group) -> str:
        return f"={record.name}"


class GroupFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Search")
    kind = django_filters.ChoiceFilter(
        method="starting", choices=[("north", "The north"), ("south", "The south")], label="Part"
    )

    def starting(self, rows: QuerySet[Group], name: str, value: str) -> QuerySet[Group]:
        return rows.filter(name__istartswith=value)


class GroupList(ListPage):
    title = "Groups"
    permission = "groups.view"
    table_class = GroupTable
    filterset_class = GroupFilter
    export_name = "groups"
    empty = Empty("inbox", "Groups will stand here")
    bulk_actions = (BulkAction("Refuse", "/refuse/"),)

    def get_queryset(self) -> QuerySet[Any]:
        return Group.objects.annotate(
            letters=Length("name"),
            amount=Cast(Value("1.50"), DecimalField(max_digits=12, decimal_places=2)),
        ).order_by("name")


class Reader:
    is_authenticated = True

    def __init__(self, *codes: str) -> None:
        self.codes = codes

    def may(self, code: str, company: Any = None) -> bool:
        return code in self.codes


def get(address: str = "/", *, user: Any = None, **headers: str) -> HttpResponseBase:
    request = RequestFactory().get(address, headers=headers)
    request.user = user or Reader("groups.view")  # type: ignore[assignment]
    request.htmx = False  # type: ignore[attr-defined]
    return GroupList.as_view()(request)


def text_of(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def names_in(page: str) -> list[str]:
    return re.findall(r'name="ids" value="\d+" data-amount="1.50" aria-label="Choose ([^"]+)"', page)


@pytest.fixture(autouse=True)
def _no_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """These readers are no users: nothing waits for them."""
    monkeypatch.setattr("o2c.shared.context.counts_for", lambda menu, user, company: {})


@pytest.fixture
def _groups() -> None:
    Group.objects.bulk_create(
        [Group(name=f"{part} {n:03}") for part in ("north", "south") for n in range(60)]
    )


@pytest.mark.usefixtures("_groups")
def test_fifty_rows_a_page_with_their_count_and_totals_over_all() -> None:
    page = text_of(get())
    assert len(names_in(page)) == 50
    assert "1–50 of 120" in page
    assert "€180.00" in page
    assert re.search(r"<tfoot>.*1,080", page, re.DOTALL)
    last = text_of(get("/?page=99"))
    assert names_in(last)[-1] == "south 059"
    assert "101–120 of 120" in last


@pytest.mark.usefixtures("_groups")
def test_filters_become_chips_that_can_be_taken_off() -> None:
    page = text_of(get("/?q=05&kind=south&page=1"))
    assert names_in(page) == [f"south {n:03}" for n in (5, *range(50, 60))]
    assert '<a class="o-chip on" href="?q=05">Part' in page
    assert "<b>The south</b>" in page


@pytest.mark.usefixtures("_groups")
def test_a_filter_that_cannot_be_read_hides_nothing() -> None:
    assert "1–50 of 120" in text_of(get("/?kind=west"))


@pytest.mark.usefixtures("_groups")
def test_sorting_is_told_to_screen_readers_and_kept_in_links() -> None:
    page = text_of(get("/?sort=-name&q=north"))
    assert names_in(page)[0] == "north 059"
    assert page.count('aria-sort="descending"') == 1
    assert 'href="?sort=-name&amp;q=north&amp;page=2"' in page


@pytest.mark.usefixtures("_groups")
def test_columns_can_be_chosen_and_the_name_stays() -> None:
    page = text_of(get("/?cols=amount"))
    head = page[page.index("<thead>") : page.index("</thead>")]
    assert "Name" in head
    assert "Amount" in head
    assert "Letters" not in head


@pytest.mark.usefixtures("_groups")
def test_htmx_gets_the_list_alone() -> None:
    class Htmx:
        boosted = history_restore_request = False

    request = RequestFactory().get("/?q=north")
    request.user, request.htmx = Reader("groups.view"), Htmx()  # type: ignore[assignment, attr-defined]
    page = text_of(GroupList.as_view()(request))
    assert "<html" not in page
    assert 'id="list-chips"' in page
    assert "1–50 of 60" in page


@pytest.mark.usefixtures("_groups")
def test_csv_holds_every_filtered_row_and_the_shown_columns() -> None:
    with translation.override("fr"):
        response = get("/?kind=south&cols=amount,note&export=csv&page=2")
    data = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    lines = data.split("\r\n")
    assert lines[0] == "Name;Code;Amount;Note"
    assert len(lines) == 62
    assert re.fullmatch(r"south 000;\d+;1,50;'=south 000", lines[1])
    assert response["Content-Disposition"].startswith('attachment; filename="groups_')


@pytest.mark.usefixtures("_groups")
def test_xlsx_holds_the_same_as_numbers() -> None:
    response = get("/?q=south 01&export=xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(response.streaming_content)))  # type: ignore[attr-defined]
    head, first, *rest = book.get_sheet_by_index(0).to_python()
    assert head == ["Name", "Code", "Letters", "Amount", "Note"]
    assert first[0] == "south 010"
    assert first[2:] == [9, 1.5, "=south 010"]
    assert len(rest) == 9


def test_an_empty_list_says_what_belongs_here() -> None:
    assert "Groups will stand here" in text_of(get())
    assert "Nothing matches these filters" in text_of(get("/?q=nothing"))


def test_who_may_not_is_refused_and_visitors_sign_in() -> None:
    with pytest.raises(PermissionDenied):
        get(user=Reader())
    response = get("/clients/?q=a", user=AnonymousUser())
    assert response.status_code == 302
    assert response["Location"].endswith("?next=/clients/%3Fq%3Da")


def test_names_are_escaped() -> None:
    Group.objects.create(name="<script>alert(1)</script>")
    page = text_of(get())
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_totals_of_money_are_exact() -> None:
    Group.objects.bulk_create([Group(name=f"g{n}") for n in range(3)])
    view = GroupList()
    view.request = RequestFactory().get("/")
    assert view.get_totals(view.get_queryset())["sum_amount"] == Decimal("4.50")
