"""One self-contained HTML page about what a command made: looked at offline, and keyframes edited and downloaded there.

`page` has what a page shows, `render` makes a file of it, `builders` knows which builder fits what is at a path; there is one
file for each of them.
"""

from keyin_cli.report.builders import build
from keyin_cli.report.page import EpisodeView, Page
from keyin_cli.report.render import LARGEST, write

__all__ = ["LARGEST", "EpisodeView", "Page", "build", "write"]
