"""Typer's completion for shells, where the command is started by its path: `./sandbox`.

Typer's own scripts for zsh and fish call the bare name, which is on nobody's PATH. Bash's calls what was typed.
"""

from __future__ import annotations

from typer import _completion_shared

ZSH = """
#compdef %(prog_name)s

%(complete_func)s() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" %(autocomplete_var)s=complete_zsh ${~words[1]} 2>/dev/null)
}

compdef %(complete_func)s %(prog_name)s
"""
_ASK = (
    "env %(autocomplete_var)s=complete_fish _TYPER_COMPLETE_FISH_ACTION={action} "
    "_TYPER_COMPLETE_ARGS=(commandline -cp) (commandline -po)[1] 2>/dev/null"
)
FISH = (
    f"complete --command %(prog_name)s --no-files --arguments '({_ASK.format(action='get-args')})' "
    f"--condition '{_ASK.format(action='is-args')}'"
)


def prepare() -> None:
    """Puts our scripts in the place of Typer's."""
    _completion_shared._completion_scripts.update(zsh=ZSH, fish=FISH)
