"""Straight-line programs: from an expression to operations that a target has."""
