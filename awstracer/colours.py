"""The styles of a terminal that has colours; apart from `styles`, since whoever pipes does without colorama."""

from __future__ import annotations

import colorama
from colorama import Fore, Style

from awstracer.commandline import Mark
from awstracer.styles import Styles

COLOURED = Styles(
    prompt=Style.BRIGHT + Fore.BLUE,
    heading=Style.DIM,
    marks={
        Mark.RECORDED: "",
        Mark.OVERRIDDEN: Style.BRIGHT + Fore.GREEN,
        Mark.DERIVED: Style.BRIGHT + Fore.YELLOW,
        Mark.PENDING: Style.BRIGHT + Fore.CYAN,
        Mark.HIDDEN: Style.BRIGHT + Fore.MAGENTA,
    },
    reset=Style.RESET_ALL,
)


def coloured() -> Styles:
    """The styles, on a terminal that understands them from now on."""
    colorama.just_fix_windows_console()
    return COLOURED
