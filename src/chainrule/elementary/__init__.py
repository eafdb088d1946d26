"""Elementary functions in vector code: polynomials, their bounds, and how they are fitted."""
