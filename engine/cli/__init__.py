"""The `teller` command. Further commands join by the entry-point group `teller.commands`.

A file a topic. It must not decide or put anything together, and load no more than one command
needs: see `house`.
"""

from __future__ import annotations

import errno
from importlib.metadata import entry_points
from typing import Any

import click

from engine.cli.checking import check, test
from engine.cli.customers import erase, export, import_
from engine.cli.deciding import decide, replay
from engine.cli.events import events
from engine.cli.running import archive, learn, serve
from engine.cli.standing import accept_store, models
from engine.compiled import when_called
from engine.errors import TellerError

_OUTSIDE = {errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EPERM, errno.EROFS}
"""What is wrong with a disk or with permissions, and not with Teller."""


class _Commands(click.Group):
    """Says what went wrong in a sentence, without a traceback."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuses bytes that are no text: no customer, decision or store can be named so."""
        for arg in args:
            try:
                arg.encode()
            except UnicodeEncodeError:
                raise click.UsageError(f"{arg!a} is not UTF-8", ctx) from None
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TellerError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if error.errno not in _OUTSIDE:
                raise
            raise click.ClickException(
                f"{error.filename or 'a file'} cannot be read or written ({error.strerror}): make "
                "room, or let this user read and write there, and run it again"
            ) from error


_AT_HAND = {"demo", "learn", "serve", "simulate"}
"""Commands that decide or learn for as long as they run."""


@click.group(cls=_Commands)
@click.version_option(package_name="teller")
@click.pass_context
def main(context: click.Context) -> None:
    """Teller: the next best offer, message or service for one customer at a time."""
    from engine.telemetry import configure_logs  # noqa: PLC0415

    configure_logs()
    if context.invoked_subcommand not in _AT_HAND:
        when_called()


for _command in (
    serve, check, test, decide, replay, models, import_, export, erase, archive, learn, events,
    accept_store,
):  # fmt: skip
    main.add_command(_command)
for _joined in entry_points(group="teller.commands"):
    main.add_command(_joined.load(), _joined.name)
