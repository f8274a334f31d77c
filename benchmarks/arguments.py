"""Command-line arguments of benchmarks that take a few positional values."""

import argparse


def parse_positional(description: str | None, **defaults: object) -> argparse.Namespace:
    """Parse one optional positional argument for each default, in order; each takes the type of its default.

    A type in place of a default makes the argument required. `--help` prints `description`.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        if isinstance(default, type):
            parser.add_argument(name, type=default, metavar=name.upper())
        else:
            parser.add_argument(
                name, type=type(default), nargs="?", default=default, metavar=name.upper(), help=f"default: {default}"
            )
    return parser.parse_args()
