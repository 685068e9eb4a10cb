"""The command line."""


def main() -> None:
    """Runs `paybot`."""
