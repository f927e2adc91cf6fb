"""No page takes a file, so none is read: a stranger's would be written to the disk before anybody asked who he is."""

from __future__ import annotations

from typing import NoReturn

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler


class RefuseFiles(FileUploadHandler):
    """Ends a form at its first file; the answer is the page for more than any form of ours holds."""

    def new_file(self, *_: object, **__: object) -> NoReturn:  # tidy: py-kwargs (Django decides what it passes on)
        """Refuse, before a byte of the file is read."""
        raise RequestDataTooBig

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Nothing comes here, since no file begins."""
        return None

    def file_complete(self, file_size: int) -> None:
        """Nothing comes here, since no file begins."""
