"""`python -m source_unified_usage`: the console command."""

from source_unified_usage.run import run

run()
