"""The main job on local data: the sandbox's vendors through PyAirbyte into DuckDB."""
