"""The styles of a terminal that has colours; apart from `styles`, since whoever pipes does without colorama."""

from __future__ import annotations

import colorama
from colorama import Fore, Style

from awstracer.styles import Styles
from awstracer.text import Provenance

COLOURED = Styles(
    prompt=Style.BRIGHT + Fore.BLUE,
    heading=Style.DIM,
    marks={
        Provenance.RECORDED: "",
        Provenance.OVERRIDDEN: Style.BRIGHT + Fore.GREEN,
        Provenance.DERIVED: Style.BRIGHT + Fore.YELLOW,
        Provenance.PENDING: Style.BRIGHT + Fore.CYAN,
        Provenance.HIDDEN: Style.BRIGHT + Fore.MAGENTA,
    },
    reset=Style.RESET_ALL,
)


def coloured() -> Styles:
    """The styles, on a terminal that understands them from now on."""
    colorama.just_fix_windows_console()
    return COLOURED
