"""Everything CI runs, as parts side by side: `make test` and `make test-fast`."""
