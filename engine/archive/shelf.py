"""The archive's files: written once under a name of their own, read many times, swept."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

from engine.archive.manifest import KINDS, Kind, Part
from engine.archive.tables import SCHEMAS
from engine.errors import ArchiveUnusable, Misconfigured
from engine.files import sync

_ROW_GROUP = 20_000  # a customer's rows lie together, so that few groups hold them


class Shelf:
    """Parquet files by kind and date at `place`: a URL pyarrow knows, or empty: in `data`.

    `file:`, `s3:`, `gs:`, `abfs:`, `hdfs:`, and `fsspec+<protocol>:` for what fsspec knows.
    """

    def __init__(self, data: Path, place: str) -> None:
        """Raises Misconfigured for a place nobody knows how to reach."""
        self.place = place
        at = place or str((data / "archive").resolve())
        try:
            self._files, self._root = fs.FileSystem.from_uri(at)
        except (pa.ArrowException, ValueError, ImportError, OSError) as error:
            raise Misconfigured(f"TELLER_ARCHIVE {place!r} cannot be used: {error}") from error

    def write(self, kind: Kind, day: str, level: int, table: pa.Table) -> Part:
        """A file with these rows, on disk when this returns."""
        folder = f"{kind}/date={day}"
        path = f"{folder}/{secrets.token_hex(16)}.parquet"
        self._files.create_dir(f"{self._root}/{folder}")
        pq.write_table(
            table,
            f"{self._root}/{path}",
            filesystem=self._files,
            compression="zstd",
            row_group_size=_ROW_GROUP,
        )
        if isinstance(self._files, fs.LocalFileSystem):
            sync(Path(self._root) / path)
            sync(Path(self._root) / folder)
        return Part(path, kind, day, level, table.num_rows)

    def dataset(self, kind: Kind, parts: Sequence[Part]) -> ds.Dataset:
        """The rows of these files, read when asked."""
        paths = [f"{self._root}/{part.path}" for part in parts]
        return ds.dataset(paths, SCHEMAS[kind], "parquet", filesystem=self._files)

    def sweep(self, keep: Collection[str], older_than: timedelta) -> int:
        """Remove files not in `keep`, unless younger: they may be about to join. How many."""
        before = datetime.now(UTC) - older_than
        gone = [
            file.path
            for kind in KINDS
            for file in self._files.get_file_info(
                fs.FileSelector(f"{self._root}/{kind}", allow_not_found=True, recursive=True)
            )
            if file.type is fs.FileType.File
            and self._inside(file.path) not in keep
            and (file.mtime is None or file.mtime <= before)
        ]
        for path in gone:
            self._files.delete_file(path)
        return len(gone)

    def _inside(self, path: str) -> str:
        return path.removeprefix(f"{self._root}/")


@contextmanager
def usable() -> Iterator[None]:
    """Turns what a file system or a file may raise into ArchiveUnusable."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise ArchiveUnusable(f"the archive's files cannot be used: {error}") from error
