"""The simulated Claude APIs alone, asked over HTTP."""

from sandbox.vendors.claude import ClaudeSandbox
from unit_tests.sandbox.claude.asking import NOW, PEOPLE
from unit_tests.sandbox.serving import fixtures

served, sandbox = fixtures(ClaudeSandbox, NOW, people=PEOPLE)
