"""Somebody's function and gradient, loaded for an audit: a table, and one file per framework."""
