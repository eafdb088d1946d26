"""All inputs of a format, compared with polynomials of which the error is known."""
