"""Skips tests that run PyAirbyte where it is missing, without importing it: that takes every test process 3 seconds."""

import importlib.util

import pytest

needed = pytest.mark.skipif(importlib.util.find_spec("airbyte") is None, reason="PyAirbyte needs Python 3.10 to 3.12")

# for tests that import it in their own process: Google's packages and pydantic warn of themselves then
imported = pytest.mark.filterwarnings("ignore")
