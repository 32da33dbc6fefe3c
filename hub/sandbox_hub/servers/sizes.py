"""How large a server may be: a few named sizes, of which users choose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sandbox_hub.disk.guard import UNITS

DEFAULT_SIZES = "small:1g:1,medium:2g:2,large:4g:2"
SIZE_PATTERN = re.compile(r"([a-z][a-z0-9]*):([0-9]+)(m|g):([0-9.]+)")
MAX_NAME_CHARS = 40


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
    def summary(self) -> str:
        """The size as users read it."""
        memory = f"{self.memory / UNITS['g']:g} GB"
        return f"{memory}, {self.cores:g} {'core' if self.cores == 1 else 'cores'}"


def parse_sizes(text: str) -> dict[str, Size]:
    """Returns the sizes of `name:memory:cores,…`, in that order.

    Raises:
        ValueError: One can't be read.
    """
    sizes = {}
    for item in text.split(","):
        match = SIZE_PATTERN.fullmatch(item.strip())
        if match is None:
            raise ValueError(
                f"SANDBOX_SERVER_SIZES: `{item}` is no size; write name:memory:cores, such as `small:1g:1`"
            )
        name, number, unit, cores = match.groups()
        sizes[name] = Size(name, int(number) * UNITS[unit], float(cores))
    return sizes


def choose_size(sizes: dict[str, Size], default: str, options: dict[str, Any]) -> Size:
    """Returns the size that a user asked for.

    Args:
        options: JupyterHub's user options; a form or an address gives each as a list.

    Raises:
        ValueError: There is no such size.
    """
    wanted = options.get("size") or default
    name = wanted[0] if isinstance(wanted, list) else wanted
    if not isinstance(name, str) or name not in sizes:
        shown = repr(str(name)[:MAX_NAME_CHARS])
        raise ValueError(
            f"There is no size {shown}. There are: {', '.join(sizes)}; the hub's home page has a link for each."
        )
    return sizes[name]


def size_form(sizes: dict[str, Size], selected: str) -> str:
    """Returns the fields of a form that asks for one of them."""
    options = "".join(_option(size, is_selected=size.name == selected) for size in sizes.values())
    return f'<label for="size">Size</label> <select class="form-select" id="size" name="size">{options}</select>'


def _option(size: Size, *, is_selected: bool) -> str:
    selected = " selected" if is_selected else ""
    return f'<option value="{size.name}"{selected}>{size.name}: {size.summary}</option>'
