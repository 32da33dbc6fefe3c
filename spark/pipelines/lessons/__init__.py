"""The lessons of `sandbox learn`, a folder each; CONTRIBUTING.md says what is in one."""
