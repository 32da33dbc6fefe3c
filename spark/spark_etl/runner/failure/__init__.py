"""A feature that fails: its error and its report; and the end of the JVM as a signal."""
