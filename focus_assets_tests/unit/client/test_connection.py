"""Whom the HTTP library's client trusts."""

from __future__ import annotations

import ssl

import pytest

from focus_assets.client import HttpSettings
from focus_assets.client.connection import trusted

PLAIN = "http://api.example.org/v1"
SAFE = "https://login.example.org"


def test_where_http_is_all_that_is_spoken_no_certificate_is_read_and_none_would_be_believed() -> None:
    context = trusted(HttpSettings((PLAIN,), login_origins=(PLAIN,)))
    assert context.cert_store_stats()["x509_ca"] == 0
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    "settings",
    [
        HttpSettings((SAFE,)),
        HttpSettings((PLAIN, SAFE)),
        HttpSettings((PLAIN,), login_origins=(SAFE,)),
        HttpSettings((PLAIN,), trust_env=True),
    ],
    ids=["https", "both", "a login", "a proxy of the environment"],
)
def test_where_https_may_be_spoken_the_usual_certificates_count(settings: HttpSettings) -> None:
    context = trusted(settings)
    assert context.cert_store_stats()["x509_ca"] > 0
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
