"""The search for a form by equality saturation."""
