"""The frame in a real browser: sign-in, keyboard, lists, theme, phone, without a word in the console."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import django_filters
import pytest
from django.contrib.auth import views as auth_views
from django.contrib.auth.models import Group
from django.db.models import DecimalField, QuerySet, Value
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from o2c.shared.tables import AmountColumn, CheckColumn, NameColumn, Table
from o2c.shared.views import Action, BulkAction, ListPage

from .helpers import PHONE, axe, press, settled, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]


class GroupTable(Table):
    check = CheckColumn(amount="amount", label="name")
    name = NameColumn(verbose_name="Client")
    amount = AmountColumn(verbose_name="Montant", total=True, phone="right")


class GroupFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Client")
    kind = django_filters.ChoiceFilter(
        field_name="name",
        lookup_expr="istartswith",
        choices=[("Nord", "Le nord"), ("Sud", "Le sud")],
        label="Zone",
    )


class Home(ListPage):
    title = "Clients"
    menu = "home"
    table_class = GroupTable
    filterset_class = GroupFilter
    bulk_actions = (BulkAction("Refuser", "/"),)

    def get_queryset(self) -> QuerySet[Any]:
        value = Cast(Value(Decimal("1.50")), DecimalField(max_digits=12, decimal_places=2))
        return Group.objects.annotate(amount=value).order_by("name")

    def get_actions(self) -> tuple[Action, ...]:
        return (Action("Nouveau", "/new/", "plus", primary=True, key="n"),)


def search(request: HttpRequest) -> HttpResponse:
    found = [{"title": group.name, "sub": "client", "url": "/?q=found"} for group in Group.objects.all()[:1]]
    groups = [{"label": "Clients", "icon": "building-store", "results": found}]
    return render(
        request, "components/search_results.html", {"groups": groups, "query": request.GET.get("q")}
    )


def new(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html", {"title": "Nouveau client"})


urlpatterns = [
    path("", Home.as_view(), name="home"),
    path("new/", new),
    path("search/", search, name="search"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("login/", auth_views.LoginView.as_view(), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
]


@pytest.fixture(autouse=True)
def _book() -> None:
    User.objects.create_user("adv", password="demo", first_name="Sophie", last_name="Marchand")
    Group.objects.bulk_create([Group(name=f"{zone} {n:02}") for zone in ("Nord", "Sud") for n in range(60)])


def test_sign_in_says_one_thing_for_user_and_password(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url)
    page.locator("#id_username").fill("adv")
    page.locator("#id_password").fill("wrong")
    press(page, "Enter")
    expect(page.locator(".o-call.bad")).to_be_visible()
    expect(page.locator("#id_username")).to_have_value("adv")
    axe(page)
    shot(page, "login-wrong")
    sign_in(page, live_server, "adv")
    expect(page.locator(".o-side .who")).to_contain_text("Sophie Marchand")


def test_a_list_filters_sorts_and_chooses_without_reloading(page: Page, live_server: LiveServer) -> None:
    sign_in(page, live_server, "adv")
    page.locator(".o-flt input[type=search]").fill("nord 0")
    expect(page.locator("tbody tr")).to_have_count(10)
    expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)
    page.locator("thead a").first.click()
    expect(page.locator("th[aria-sort=descending]")).to_have_count(1)
    expect(page.locator("tbody th").first).to_have_text("Nord 09")
    settled(page)
    page.locator(".o-flt .o-dd summary").first.click()
    page.locator("#id_kind").select_option("Sud")
    expect(page.locator(".o-chip.on")).to_contain_text("Le sud")
    expect(page.locator(".o-emp")).to_be_visible()
    settled(page)
    assert page.url.endswith("/?q=nord%200&kind=Sud&sort=-name")
    page.locator(".o-chip.on").click()
    page.locator("input[data-all]").check()
    expect(page.locator("[data-bulk-bar]")).to_contain_text("15,00")
    expect(page.locator(".o-flt")).to_be_hidden()
    axe(page)
    with page.expect_download() as download:
        page.locator("summary:has-text('Export')").click()
        page.locator("[data-export] a").nth(1).click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(";")[0] for line in lines] == ["Client", *[f"Nord {n:02}" for n in range(9, -1, -1)]]


def test_the_keyboard_reaches_everything(page: Page, live_server: LiveServer) -> None:
    sign_in(page, live_server, "adv")
    press(page, "j")
    press(page, "j")
    press(page, "x")
    expect(page.locator("[data-bulk-count]")).to_have_text("1")
    assert page.locator("input[name=ids]:checked").get_attribute("aria-label", timeout=1000)
    expect(page.locator("tbody tr.sel th")).to_have_text("Nord 01")
    press(page, "?")
    expect(page.locator("#help")).to_be_visible()
    axe(page)
    press(page, "Escape")
    press(page, "/")
    page.keyboard.type("nord")
    expect(page.locator("[data-result]")).to_have_count(1)
    axe(page)
    press(page, "Enter")
    expect(page.locator(".o-emp")).to_be_visible()
    press(page, "n")
    expect(page.locator("h1")).to_have_text("Nouveau client")
    press(page, "g")
    press(page, "a")
    expect(page.locator("h1")).to_have_text("Clients")


def test_single_letters_can_be_switched_off(page: Page, live_server: LiveServer) -> None:
    sign_in(page, live_server, "adv")
    page.locator("[data-help]").click()
    page.locator("[data-keys-toggle]").uncheck()
    press(page, "Escape")
    page.reload()
    press(page, "n")
    press(page, "?")
    expect(page.locator("#help")).to_be_hidden()
    expect(page.locator("h1")).to_have_text("Clients")


def test_dark_is_remembered_and_the_phone_has_the_whole_menu(page: Page, live_server: LiveServer) -> None:
    sign_in(page, live_server, "adv")
    page.locator(".o-theme").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    axe(page)
    shot(page, "frame-dark")
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    page.locator("[data-menu]").click()
    expect(page.locator("#menu")).to_be_visible()
    page.locator(".o-me summary").click()
    expect(page.locator("#menu form[action='/logout/'] button")).to_be_visible()
    axe(page)
    page.locator("#menu form[action='/logout/'] button").click()
    expect(page.locator("#sign-in")).to_be_visible()


def test_pages_that_do_not_exist_keep_menu_and_search(page: Page, live_server: LiveServer) -> None:
    sign_in(page, live_server, "adv")
    page.goto(f"{live_server.url}/nowhere/")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#menu")).to_be_visible()
    expect(page.locator("#search")).to_be_visible()
    axe(page)
