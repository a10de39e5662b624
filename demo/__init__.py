"""The demo: the sandbox's vendors through PyAirbyte into DuckDB."""
