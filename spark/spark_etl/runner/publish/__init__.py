"""Outputs: written beside, promoted together, locked while that lasts."""
