"""How Kubernetes writes quantities, labels, ports, images and schedules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.evaluations.validators import _kubernetes_values as values


@pytest.mark.parametrize(
    "value", ["100m", "1Gi", "0.5", ".5", "1.", "1e3", "12E6", "+1k", 2, 0.25, "1E", "${MEM}"]
)
def test_quantities_are_taken(value):
    """Decimal, binary and scientific quantities, numbers and placeholders have nothing wrong."""
    assert not values.quantity(value)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("100mm", "250m"),
        ("1gb", "`1Gi`"),
        ("64K", "`64Ki`"),
        ("512 Mi", "`512Mi`"),
        ("1.5.0", "250m"),
        ("", "250m"),
    ],
)
def test_other_quantities_are_refused(value, hint):
    """What is no quantity is refused, and the unit that is meant is named where it is plain."""
    assert values.quantity(value)
    assert hint in values.quantity_hint(value)


@pytest.mark.parametrize("key", ["app", "app.kubernetes.io/name", "A_b.c-1", "a/b"])
def test_label_keys_are_taken(key):
    """A key is a name, with a domain before it or not."""
    assert not values.label_key(key)


@pytest.mark.parametrize("key", ["-app", "app name", "a/b/c", "Ex.com/a", "/a", "a/", "x" * 64, "a.b."])
def test_other_label_keys_are_refused(key):
    """A key with spaces, two slashes, a bad domain or too many characters is refused."""
    assert values.label_key(key)


@pytest.mark.parametrize(
    ("value", "good"),
    [
        (80, True),
        ("http", True),
        ("http-2", True),
        ("${P}", True),
        (0, False),
        (65536, False),
        ("80", False),
        ("HTTP", False),
        ("a--b", False),
        ("x" * 16, False),
        ("", False),
    ],
)
def test_ports(value, good):
    """A port is a number from 1 to 65535, or a name of at most 15 characters with a letter."""
    assert (values.port(value) == "") is good


@pytest.mark.parametrize(
    "reference",
    [
        "nginx",
        "web:1.0",
        "ghcr.io/a/b_c:v1",
        "localhost:5000/a",
        "Example.com/a",
        "ghcr.io/a/b@sha256:" + "a" * 64,
        "[::1]:5000/a",
        "a.b/c--d:1",
    ],
)
def test_images_are_taken(reference):
    """References with or without registry, tag and digest have nothing wrong."""
    assert values.image(reference) == ("", False)


@pytest.mark.parametrize(
    "reference",
    [
        "my app:1",
        "ghcr.io/Acme/web",
        "Web:1",
        "web:",
        "web:a b",
        "web@sha256:12",
        "a//b",
        "web:1:2",
        "-a",
        "https://a.io/b",
    ],
)
def test_other_images_are_refused(reference):
    """Spaces, upper case in the repository, empty parts and broken digests are refused."""
    wrong, open_yet = values.image(reference)
    assert wrong
    assert not open_yet


def test_an_image_in_capitals_is_yet_to_be_filled_in():
    """A part in capitals only is probably replaced before it is applied."""
    assert values.image("ghcr.io/OWNER/web:1")[1] is True


@pytest.mark.parametrize(
    "cron",
    ["* * * * *", "*/5 0-6 1,15 * MON-FRI", "0 0 ? jan 0", "@daily", "@every 1h30m", "1-9/2 * * * sun"],
)
def test_schedules_are_taken(cron):
    """Ranges, steps, lists, names and short forms have nothing wrong."""
    assert not values.schedule(cron)


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "* * * *",
        "0 0 0 * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 7",
        "*/0 * * * *",
        "5-1 * * * *",
        "@noon",
        "TZ=UTC 0 0 * * *",
        "CRON_TZ=UTC @daily",
        "* * * foo *",
        "@every day",
        "1, * * * *",
    ],
)
def test_other_schedules_are_refused(cron):
    """Too few or many fields, numbers out of range, and time zones are refused."""
    assert values.schedule(cron)


@given(st.text(max_size=40))
def test_any_text(text):
    """Any text gives an answer, and one that can be shown."""
    for problem in (values.quantity, values.label_key, values.port, values.schedule, values.subdomain):
        assert "\n" not in problem(text)
    assert values.quantity_hint(text)
    assert "\n" not in values.image(text)[0]
