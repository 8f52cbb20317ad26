"""``python -m biomech``: the command line."""

import sys

from biomech.cli import main

if __name__ == "__main__":
    sys.exit(main())
