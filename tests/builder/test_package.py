"""`import builder` is quick, and gives its names when they are asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import builder


def test_documents_need_no_torch() -> None:
    code = "import sys, builder.document; assert 'torch' not in sys.modules"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_every_public_name_is_there() -> None:
    assert all(hasattr(builder, name) for name in builder.__all__)


def test_validate_stays_a_function_when_its_module_is_loaded() -> None:
    code = "import builder, builder.validate; assert builder.validate(builder.templates.build('tiny')).ok"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'validator'"):
        _ = builder.validator
