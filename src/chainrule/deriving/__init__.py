"""What is asked, a derivation of it, and the slope of a curve."""
