"""Request bodies on their way to disk: read as they come, never in the event loop's way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast
from urllib.parse import unquote

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from hub.kernel.problems import refusal

IN_MEMORY_BYTES = 2**20
FIELDS_LIMIT = 20
FIELD_BYTES = 10_000
WAITING_LIMIT = 32
"""Of requests whose bodies are being read or handled, each with a file on disk."""
AT_WORK_LIMIT = 4
"""Of requests that are handled at once: they must leave threads of the pool to readers."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A document that has arrived, at its start, with what its sender called it."""

    body: BinaryIO
    media_type: str
    file_name: str


class Uploads:
    """Takes request bodies; hub.web.limits sees to their size."""

    def __init__(self) -> None:
        self._waiting = 0
        self.at_work = CapacityLimiter(AT_WORK_LIMIT)

    @asynccontextmanager
    async def taken(self, request: Request) -> AsyncIterator[Upload]:
        """The request's document, raw or as the file of a form; its file is gone when the block ends.

        Raises Refusal: 400 for a form without a file, 415 for a compressed body, 503 where too many are being handled.
        """
        self._check_head(request)
        self._waiting += 1
        try:
            is_form = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
            upload = await (self._form(request) if is_form else self._raw(request))
            try:
                yield upload
            finally:
                await to_thread.run_sync(upload.body.close)
        finally:
            self._waiting -= 1

    def _check_head(self, request: Request) -> None:
        if self._waiting >= WAITING_LIMIT:
            raise refusal("too-many-uploads", "ingest.too-many-uploads", "", None, 503)
        coding = request.headers.get("content-encoding", "identity").strip().lower()
        if coding != "identity":
            raise refusal(
                "unsupported-coding",
                "ingest.too-many-uploads.body-without-content-coding",
                coding,
                "Content-Encoding",
                415,
            )

    async def _raw(self, request: Request) -> Upload:
        spool: IO[bytes] = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed by the caller
        pending = bytearray()
        try:
            async for chunk in request.stream():
                pending += chunk
                if len(pending) >= IN_MEMORY_BYTES:
                    await to_thread.run_sync(spool.write, bytes(pending))
                    pending.clear()
            spool.write(pending) if not spool.tell() else await to_thread.run_sync(spool.write, bytes(pending))
        except BaseException:
            spool.close()
            raise
        spool.seek(0)
        return Upload(
            cast(BinaryIO, spool), request.headers.get("content-type", ""), _text(request.headers.get("x-filename", ""))
        )

    async def _form(self, request: Request) -> Upload:
        parser = MultiPartParser(
            request.headers,
            request.stream(),
            max_files=1,
            max_fields=FIELDS_LIMIT,
            max_part_size=FIELD_BYTES,
        )
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise refusal(
                "bad-form", "ingest.too-many-uploads.multipart-form-data-form", error.message, None, 400
            ) from None
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if not files:
            raise refusal("no-file", "ingest.too-many-uploads.file-form", "", "file", 400)
        (file,) = files
        return Upload(file.file, file.content_type or "", file.filename or "")


def _text(header: str) -> str:
    """A header's text: percent-encoded, or UTF-8 as it is, which servers hand over as Latin-1."""
    with suppress(UnicodeError):
        header = header.encode("latin-1").decode("utf-8")
    return unquote(header)
