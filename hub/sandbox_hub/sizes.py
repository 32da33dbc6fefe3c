"""How large a server may be: a few sizes with names, of which users choose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

SIZES = "small:1g:1,medium:2g:2,large:4g:2"
SIZE = re.compile(r"([a-z][a-z0-9]*):([0-9]+)(m|g):([0-9.]+)")
UNITS = {"m": 1024**2, "g": 1024**3}
LONGEST_NAME = 40


@dataclass(frozen=True)
class Size:
    """A size that a server can have.

    Attributes:
        memory: In bytes.
        cores: How many it may use at once.
    """

    name: str
    memory: int
    cores: float

    @property
    def told(self) -> str:
        """What a user reads of it."""
        memory = f"{self.memory / UNITS['g']:g} GB"
        return f"{memory}, {self.cores:g} {'core' if self.cores == 1 else 'cores'}"


def parse(text: str) -> dict[str, Size]:
    """Returns the sizes of `name:memory:cores,…`, in that order.

    Raises:
        ValueError: One can't be read.
    """
    sizes = {}
    for one in text.split(","):
        match = SIZE.fullmatch(one.strip())
        if match is None:
            raise ValueError(f"SANDBOX_SERVER_SIZES: `{one}` is no size; write name:memory:cores, such as `small:1g:1`")
        name, number, unit, cores = match.groups()
        sizes[name] = Size(name, int(number) * UNITS[unit], float(cores))
    return sizes


def chosen(sizes: dict[str, Size], default: str, options: dict[str, Any]) -> Size:
    """Returns the size that a user asked for.

    Args:
        options: JupyterHub's user options; a form or an address gives each as a list.

    Raises:
        ValueError: There is no such size.
    """
    asked = options.get("size") or default
    name = asked[0] if isinstance(asked, list) else asked
    if not isinstance(name, str) or name not in sizes:
        told = repr(str(name)[:LONGEST_NAME])
        raise ValueError(
            f"There is no size {told}. There are: {', '.join(sizes)}; the hub's home page has a link for each."
        )
    return sizes[name]


def choice(sizes: dict[str, Size], selected: str) -> str:
    """Returns the fields of a form that asks for one of them."""
    options = "".join(
        f'<option value="{size.name}"{" selected" if size.name == selected else ""}>{size.name}: {size.told}</option>'
        for size in sizes.values()
    )
    return f'<label for="size">Size</label> <select class="form-select" id="size" name="size">{options}</select>'
