"""A small tree of committees, one user a role, and a clock that stands still."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee, CommitteeLevel
from tests import build


@dataclass
class Tree:
    """A city, two counties, a township in the first; nobody in them yet."""

    city: Committee
    county: Committee
    other: Committee
    township: Committee


@pytest.fixture
def tree(db: None) -> Tree:
    city = build.committee("云州市委", code="C001")
    county = build.committee("清河县委", parent=city, code="X001", level=CommitteeLevel.COUNTY)
    other = build.committee("石桥县委", parent=city, code="X002", level=CommitteeLevel.COUNTY)
    township = build.committee("柳林乡党委", parent=county, code="Z001", level=CommitteeLevel.TOWNSHIP)
    return Tree(city, county, other, township)


@pytest.fixture
def still(settings: object) -> None:
    """Every page is opened on build.DAY."""
    settings.CLOCK = build.AT  # type: ignore[attr-defined]


@pytest.fixture
def enter(still: None) -> Callable[[User], Client]:
    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in


@pytest.fixture
def admin(tree: Tree) -> User:
    return build.granted(Role.ADMIN, tree.city)


@pytest.fixture
def security(tree: Tree) -> User:
    return build.granted(Role.SECURITY, tree.city)


@pytest.fixture
def auditor(tree: Tree) -> User:
    return build.granted(Role.AUDITOR, tree.city)


@pytest.fixture
def reviewer(tree: Tree) -> User:
    """Of the first county and all below it."""
    return build.granted(Role.REVIEWER, tree.county)


@pytest.fixture
def keeper(tree: Tree) -> User:
    """Study secretary of the first county's committee."""
    return build.secretary_of(tree.county)
