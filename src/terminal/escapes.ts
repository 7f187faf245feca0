/** Control sequences of terminals (ECMA-48, and xterm's private modes). */
export const ALTERNATE_SCREEN = '\x1b[?1049h'
export const MAIN_SCREEN = '\x1b[?1049l'
export const HIDE_CURSOR = '\x1b[?25l'
export const SHOW_CURSOR = '\x1b[?25h'
// A terminal may find a character wider than we do: the line must not take a second row.
export const CUT_LINES = '\x1b[?7l'
export const BREAK_LINES = '\x1b[?7h'
export const CLEAR_LINE = '\x1b[2K'
export const CLEAR_BELOW = '\x1b[J'
export const TOP_LEFT = '\x1b[H'
