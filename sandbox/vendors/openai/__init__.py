"""OpenAI: the platform organization's usage and costs, and the ChatGPT workspace's analytics.

Played from OpenAI's OpenAPI document and Python SDK of 2026-08-21, its governance and admin set-up pages (2026), and
what third parties transcribed of `codex-backend-enterprise-analytics` 0.0.1. What clients report, and what was chosen
where nothing is documented, is marked at its place.
"""

from sandbox.vendors.openai.vendor import OpenAISandbox

__all__ = ["OpenAISandbox"]
