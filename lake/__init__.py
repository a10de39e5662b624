"""From a person's own keys to answers: every vendor through PyAirbyte into a database, then the dbt models."""
