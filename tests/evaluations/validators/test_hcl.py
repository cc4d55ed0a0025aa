"""Terraform and other HCL."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations import validation
from fcc.evaluations.validation import validate_artifact

GOOD = 'resource "aws_instance" "web" {\n  ami = var.ami\n  tags = { Name = "web-${var.env}" }\n}\n'


@pytest.fixture(autouse=True)
def _nothing_kept():
    """Each test has its own results, whatever was found on the same text before."""
    validation._validated.cache_clear()


def test_what_can_be_read_is_valid():
    """Blocks and expressions are read, with or without a last line end."""
    assert validate_artifact("hcl", GOOD).valid is True
    assert validate_artifact("hcl", GOOD.rstrip()).valid is True


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (GOOD.replace("}\n}", "\n}"), None),
        (GOOD.replace("{", "", 1), 2),
        ("a {\n", None),
        ("```hcl\na = 1\n```", 1),
    ],
)
def test_what_cannot_be_read_is_invalid(text, line):
    """What is not HCL is told with its line."""
    result = validate_artifact("hcl", text)
    assert result.valid is False
    assert line in {None, result.findings[0].line}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a = 1\nresource "aws_instance" {\n}\n', 2),
        ('resource "a" "b" "c" {}\n', 1),
        ("data {\n}\n", 1),
        ('output "a" {\n  value = 1\n}\nvariable {\n}\n', 4),
        ('module "a" "b" {}\n', 1),
        ("provider {}\n", 1),
        ('locals "a" {\n}\n', 1),
        ('terraform "a" {\n}\n', 1),
    ],
)
def test_a_block_with_other_labels_than_it_takes_is_invalid(text, line):
    """Each of Terraform's blocks has as many labels as it takes."""
    result = validate_artifact("hcl", text)
    assert (result.valid, [(found.rule, found.line) for found in result.findings]) == (
        False,
        [("hcl-labels", line)],
    )


@pytest.mark.parametrize(
    "text",
    [
        'terraform {\n  backend "s3" {}\n}\nlocals {}\ndata a b {}\nprovider "aws" {}\nvariable "x" {}\n',
        'component "a" {}\nprovider "aws" "main" {}\n',
        'job "a" {\n  group "b" {\n    resource {}\n  }\n}\nbuild {}\n',
    ],
)
def test_other_blocks_have_the_labels_they_have(text):
    """Blocks within blocks, those of other tools and of Terraform Stacks are left alone."""
    result = validate_artifact("hcl", text)
    assert (result.valid, result.findings) == (True, ())


def test_a_variable_that_is_not_declared_is_a_warning():
    """In a file that declares variables another one is told once; in one that declares none it may be elsewhere."""
    text = 'variable "region" {}\noutput "a" {\n  value = "${var.regoin}-${var.region}"\n}\nb = [var.regoin[0].c]\n'
    result = validate_artifact("hcl", text)
    assert [(found.rule, found.severity, found.line) for found in result.findings] == [
        ("hcl-variable", "warning", 3)
    ]
    assert result.valid is True
    assert "`region`" in result.findings[0].message
    assert validate_artifact("hcl", GOOD).findings == ()


def test_what_can_not_be_looked_at_is_not_checked(monkeypatch):
    """A text that is too long, and one without the package, is not checked."""
    assert validate_artifact("hcl", "a = 1\n" * 20_000).valid is None
    for package in (ModuleType("hcl2"), None):  # one that is too old, and none
        monkeypatch.setitem(sys.modules, "hcl2", package)
        result = validate_artifact("hcl", GOOD)
        assert result.valid is None
        assert "pip install" in result.reason


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40) | st.sampled_from(["\ud800", "a = " + "[" * 5000, "\0"]))
def test_any_text(text):
    """Any text gives a result."""
    validate_artifact("hcl", text)


def test_an_empty_file_is_warned_of():
    """Terraform takes an empty file, which says nothing."""
    result = validate_artifact("hcl", "")
    assert (result.valid, [finding.rule for finding in result.findings]) == (True, ["hcl-empty"])
