"""`python -m costmodel`, and the command `costmodel`: the shell, or what it lacks."""

import sys

from costmodel.errors import MissingExtraError


def main() -> None:
    """Run the shell command; without the extra `cli` say which line installs it."""
    try:
        from costmodel.cli import main as shell
    except MissingExtraError as error:
        print(f"costmodel: {error}", file=sys.stderr)
        sys.exit(2)
    shell()


if __name__ == "__main__":
    main()
