"""One table holds what differs by vendor, and everything that needs a vendor agrees with it."""

import tomllib
from typing import get_args

from eval.bench import PACKAGES
from eval.systems import vendor_clients
from eval.systems.pricing import read_table
from eval.systems.vendors import VENDORS, Vendor
from ocr.core.environment import extra_packages
from tests.support.paths import ROOT


def test_every_vendor_has_a_row_a_client_and_a_priced_model() -> None:
    assert tuple(VENDORS) == get_args(Vendor)
    assert set(VENDORS) == set(vendor_clients._OPEN) == set(vendor_clients._HANDLE)
    assert {row.vendor for row in read_table().models} == set(VENDORS)


def test_the_extra_installs_every_vendors_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {requirement.partition(">")[0] for requirement in project["optional-dependencies"]["bench"]}
    packages = {vendor.package for vendor in VENDORS.values()}
    assert packages <= extra
    assert packages <= set(PACKAGES)
    assert packages <= set(extra_packages("bench")), "ocr doctor looks for them"


def test_prefixes_tell_vendors_apart() -> None:
    for row in read_table().models:
        assert [vendor for vendor, facts in VENDORS.items() if row.id.startswith(facts.prefix)] == [row.vendor]
