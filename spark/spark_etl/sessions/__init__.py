"""Spark sessions: the classic one of a run, the Spark Connect one, and whichever a notebook asks for."""
