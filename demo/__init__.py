"""The demo: `lake sync` twice against the sandbox, and what the second sync changed."""
