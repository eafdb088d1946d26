"""From expressions to code: ``lower`` makes a straight-line program, a target prints it.

``targets.generate`` is the way in; ``kernel.Kernel`` compiles in memory.
"""
