"""What the sandbox adds to JupyterHub: accounts, the spawner's rules, and the gateway to the stack's web pages."""
