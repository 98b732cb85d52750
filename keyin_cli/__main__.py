"""The program `keyin`, which `python -m keyin_cli` is too."""

from keyin_cli import interrupts


def main() -> None:
    """Run the command that `sys.argv` gives, then exit. Whatever is told to stop from now on does so with a line."""
    interrupts.watch()  # before anything that takes time is imported
    from keyin_cli.cli import app

    try:
        app()
    except SystemExit as ended:
        interrupts.over(ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1)
        raise


if __name__ == "__main__":
    main()
