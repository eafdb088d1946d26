"""Arithmetic to more than one number: error-free transformations and what is made of them."""
