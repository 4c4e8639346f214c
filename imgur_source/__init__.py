"""A dlt source for the Imgur API v3: ``pipeline.run(imgur(accounts=["me"]))``."""

from importlib.metadata import version

from imgur_source.source import imgur

__all__ = ["__version__", "imgur"]
__version__ = version("imgur_source")
