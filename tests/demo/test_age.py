"""A demonstration older than a week says so on every page, and how to make a new one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from o2c.demo import age
from tests.factories.accounts import CompanyFactory, make_user
from tests.orders.pages import browse, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    age._made_on.cache_clear()
    company = CompanyFactory(code="DEMO")
    user = make_user("adv_officer", company, "adv")
    user.home_company = company
    user.save()
    return user


@pytest.mark.parametrize(("days", "said"), [(0, False), (7, False), (8, True)])
def test_it_is_said_from_the_eighth_day_on(
    settings: LazySettings, person: User, days: int, said: bool
) -> None:
    settings.DEMO = True
    User.objects.filter(pk=person.pk).update(date_joined=timezone.now() - timedelta(days=days))
    page = text_of(browse(person).get(reverse("orders:list")))
    assert ("./portal demo --reset" in page) is said
    age._made_on.cache_clear()


def test_nothing_is_said_outside_of_a_demonstration(settings: LazySettings, person: User) -> None:
    settings.DEMO = False
    User.objects.filter(pk=person.pk).update(date_joined=timezone.now() - timedelta(days=99))
    assert "--reset" not in text_of(browse(person).get(reverse("orders:list")))
    age._made_on.cache_clear()
