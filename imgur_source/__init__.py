"""A dlt source for the Imgur API v3: ``pipeline.run(imgur(accounts=["me"]))``.

What needs no dlt, such as the simulator, is imported without it.
"""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imgur_source.source import imgur

__all__ = ["__version__", "imgur"]
__version__ = version("imgur_source")


def __getattr__(name: str) -> Any:
    if name == "imgur":
        from imgur_source.source import imgur

        return imgur
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
