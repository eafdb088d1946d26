"""Which form of a derivative has the smallest error, and how it is found."""
