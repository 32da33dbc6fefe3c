"""What the tests of a running stack share: the command, the engine, the hub's pages, a kernel."""
