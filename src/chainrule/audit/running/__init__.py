"""Somebody's code in a process of its own, and many of them."""
