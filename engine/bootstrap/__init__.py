"""The one place where everything is put together; knows every room, decides nothing.

`application` says what there is, `assembly` puts it together, `opening` has it run for as long as
it is open; `standalone` is what needs no such house.
"""

from engine.bootstrap.application import Application
from engine.bootstrap.assembly import assemble
from engine.bootstrap.opening import open_application

__all__ = ["Application", "assemble", "open_application"]
