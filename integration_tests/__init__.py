"""The source as a process against the sandbox."""
