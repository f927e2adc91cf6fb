"""Publish parameter files: all of them, or none.

Every file is read and judged before anything is written, so that one bad file leaves the policy as it was.
Publishing the same values again changes nothing; other values become a further version, and bills keep naming the
one they were made by.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from canbao.kernel.clock import Clock
from canbao.kernel.transactions import national_tx
from canbao.policy import public as policy
from canbao.policy.public import PublishedPolicy
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.reading import FILE_LENGTH_MAX, read_region_year


def publish_policy(files: Sequence[Path], *, by: str, clock: Clock) -> list[PublishedPolicy]:
    """Publish the files in one transaction; one answer per file, `is_new` where it made a version.

    Errors: those of `text_of`, `rulebook.parameters_refused`, `policy.file_twice` (two files for one region,
    scheme and year), `policy.publisher_unnamed`. After an error nothing has been published.
    """
    name = by.strip()
    if not 0 < len(name) <= 80:
        raise policy.PUBLISHER_UNNAMED()
    read = [(file, read_region_year(text_of(file), file=file.name)) for file in files]
    _refuse_doubles(read)
    with national_tx() as tx:
        return [policy.publish(tx, parameters, by=name, now=clock.now()) for _, parameters in read]


def text_of(file: Path) -> str:
    """A parameter file's text.

    Errors: `policy.file_missing`, `policy.file_too_large`, `policy.file_not_text`, `policy.file_unreadable`.
    """
    try:
        if not file.is_file():
            raise policy.FILE_MISSING(file=file.name)
        if file.stat().st_size > FILE_LENGTH_MAX:
            raise policy.FILE_TOO_LARGE(file=file.name)
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise policy.FILE_NOT_TEXT(file=file.name) from None
    except OSError as refused:
        raise policy.FILE_UNREADABLE(file=file.name, reason=refused.strerror or "OSError") from None


def _refuse_doubles(read: Sequence[tuple[Path, RegionYear]]) -> None:
    seen: dict[tuple[int, str, int], Path] = {}
    for file, parameters in read:
        key = (int(parameters.region_code), parameters.scheme_code, parameters.insured_year)
        if key in seen:
            raise policy.FILE_TWICE(file=file.name, other=seen[key].name, region=key[0], year=key[2])
        seen[key] = file
