"""From expressions to code: ``lower`` makes a straight-line program, a target prints it."""
