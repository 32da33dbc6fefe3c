"""The sandbox in tests of other repositories: a stack of a test session's own, by testcontainers; see pytest_plugin."""
