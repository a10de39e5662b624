"""The record's JSON schema."""
