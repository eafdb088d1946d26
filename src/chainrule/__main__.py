"""The command line as a process of its own: ``chainrule``, or ``python -m chainrule``."""

from __future__ import annotations

import gc

# What a command imports and builds stays until it ends. Looking through it for garbage every
# 700 objects, as Python does by default, took a tenth of the time of a short command.
OBJECTS_BETWEEN_COLLECTIONS = 200_000


def main() -> None:
    """Run the command line."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    from chainrule.cli.main import main as command

    command(prog_name="chainrule")


if __name__ == "__main__":
    main()
