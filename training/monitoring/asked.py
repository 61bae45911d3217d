"""What `teller monitor` was asked for, answered."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path
from typing import NamedTuple

from engine.directory import check_directory
from engine.errors import Misconfigured
from training.monitoring.archived import read_traffic
from training.monitoring.exposition import exposition
from training.monitoring.findings import Findings
from training.monitoring.judging import Limits
from training.monitoring.mapping import read_watched, to_traffic
from training.monitoring.report import page, text
from training.monitoring.traffic import Traffic
from training.monitoring.watching import watch
from training.offpolicy.mapping import read_frame


class Asked(NamedTuple):
    """As on the command line: the share of the rows that is the reference, or until when (ms)
    it goes; how many windows; how often chance alone may alarm."""

    reference: float
    until: int | None
    windows: int
    level: float

    def of_file(self, file: Path, mapping: Path | None) -> Findings:
        """A CSV or Parquet file. Raises Misconfigured."""
        if mapping is None:
            raise Misconfigured(f"which column of {file} is what? Say so in a file: --mapping FILE")
        return self._watch(to_traffic(read_frame(file), read_watched(mapping)))

    def of_archive(
        self,
        data: Path,
        catalogue: Path | None,
        rules: str | None,
        since: date | None,
        until: date | None,
    ) -> Findings:
        """A house's own traffic. Raises Misconfigured, CatalogueRefused, NotFound."""
        if catalogue is None:
            raise Misconfigured("no catalogue: pass --catalogue DIR, or a FILE with its --mapping")
        compiled = check_directory(catalogue, rules)
        now = time.time_ns() // 1_000_000
        return self._watch(read_traffic(data, compiled, now=now, since=since, until=until))

    def _watch(self, traffic: Traffic) -> Findings:
        return watch(
            traffic,
            reference=self.reference,
            until=self.until,
            windows=self.windows,
            limits=Limits(level=self.level),
        )


class Told(NamedTuple):
    """Where findings go besides the terminal."""

    json: Path | None
    html: Path | None
    prometheus: Path | None

    def tell(self, found: Findings, name: str) -> str:
        """Write the files, and give the text for people."""
        if self.json:
            self.json.write_bytes(found.json())
        if self.html:
            self.html.write_text(page(found, f"Watch of {name}"), "utf-8")
        if self.prometheus:  # whole or not at all: it may be collected at any moment
            draft = self.prometheus.with_name(f".{self.prometheus.name}.{os.getpid()}")
            draft.write_bytes(exposition(found))
            draft.replace(self.prometheus)
        return text(found)
