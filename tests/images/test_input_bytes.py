"""Files, open files and data URIs as input pictures: what is read of them, and what is refused unread."""

from __future__ import annotations

import base64
import io
import mmap
import os
import socket
import tempfile
import threading
import zipfile
from pathlib import Path
from urllib.parse import quote, quote_from_bytes

import pytest

from gemini_nb import ArgumentError
from gemini_nb.event_loop import call_in_daemon_thread
from gemini_nb.images.input_bytes import MAX_INPUT_BYTES
from gemini_nb.images.inputs import read
from support.images import jpeg, noise_png, png
from support.processes import WAIT_SECONDS, ran, running

PNG = noise_png(5000)
LIMIT = "larger than the 32 MiB that can be sent"


def a_pipe(path):
    os.mkfifo(path)


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


NO_FILES = {
    "pipe": (a_pipe, "pipe, not a file"),
    "socket": (a_socket, "socket, not a file"),
    "folder": (Path.mkdir, "Is a directory"),
    "device": (lambda path: path.symlink_to("/dev/null"), "device, not a file"),
    "device without end": (lambda path: path.symlink_to("/dev/zero"), "device, not a file"),
    "link to a pipe": (lambda path: (a_pipe(path.with_name("p")), path.symlink_to("p")), "pipe, not a file"),
    "link that leads nowhere": (lambda path: path.symlink_to("nowhere"), "No such file"),
    "link to itself": (lambda path: path.symlink_to(path.name), "symbolic links"),
    "nothing": (lambda _: None, "No such file"),
    "empty file": (lambda path: path.write_bytes(b""), "nothing at all"),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_only_a_plain_file_is_read(tmp_path, monkeypatch, kind):
    make, words = NO_FILES[kind]
    make(tmp_path / "a.png")
    with pytest.raises(ArgumentError, match=words) as caught:
        read(tmp_path / "a.png")
    assert "a.png" in str(caught.value)


def test_a_pipe_is_not_opened_so_that_its_writer_goes_on_waiting_for_a_reader(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    writer = call_in_daemon_thread((tmp_path / "a.png").open, "wb")
    for _ in range(1000):
        with pytest.raises(ArgumentError):
            read(tmp_path / "a.png")
    assert not writer.done()
    os.close(os.open(tmp_path / "a.png", os.O_RDONLY | os.O_NONBLOCK))
    writer.result(timeout=WAIT_SECONDS).close()


def test_a_pipe_that_takes_the_files_place_meanwhile_does_not_block(tmp_path):
    """Another process swaps a link between a picture and a pipe; each read is of the one or of the other."""
    (tmp_path / "picture").write_bytes(PNG)
    os.mkfifo(tmp_path / "pipe")
    swap = f"""
import itertools, os
os.chdir({str(tmp_path)!r})
print("swapping", flush=True)
for target in itertools.cycle(["picture", "pipe"]):
    os.symlink(target, "new")
    os.rename("new", "a.png")
"""
    (tmp_path / "a.png").symlink_to("picture")

    def read_it():
        try:
            return read(tmp_path / "a.png").data
        except ArgumentError as error:
            return str(error)

    with running(swap) as child:
        child.stdout.readline()
        seen = {call_in_daemon_thread(read_it).result(timeout=WAIT_SECONDS) for _ in range(2000)}
    assert PNG in seen
    assert all("pipe, not a file" in words for words in seen - {PNG})
    assert len(seen) == 2


def test_more_than_can_be_sent_is_refused_before_it_is_read_or_copied(tmp_path):
    path = tmp_path / "scan.png"
    with path.open("wb") as file:
        file.write(PNG)
        file.truncate(1_500_000_000)  # sparse: it takes no room
    code = f"""
from support.peak_memory import peak_mib
from gemini_nb import ArgumentError
from gemini_nb.images.inputs import read
read({png()!r})
held, uri = bytearray(100 * 2**20), "data:;base64," + "A" * (100 * 2**20)
before = peak_mib()
for source in ({str(path)!r}, open({str(path)!r}, "rb"), held, uri):
    try:
        read(source)
    except ArgumentError as error:
        print(error.args[0])
print(peak_mib() - before < 16)
"""
    *refused, is_small = ran(code).splitlines()
    assert [LIMIT in words for words in refused] == [True] * 4
    assert "scan.png" in refused[0]
    assert is_small == "True"


def test_a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_not(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(noise_png(MAX_INPUT_BYTES))
    assert len(read(path).data) == MAX_INPUT_BYTES
    path.write_bytes(noise_png(MAX_INPUT_BYTES + 1))
    with pytest.raises(ArgumentError, match=LIMIT):
        read(path)


def test_a_file_that_says_it_is_empty_is_read_all_the_same():
    with pytest.raises(ArgumentError, match="it looks like text"):
        read("/proc/self/status")  # its size is 0


NAMES = {
    "string": str,
    "path": Path,
    "path-like": lambda path: LikeAPath(str(path)),
    "address": Path.as_uri,
    "address of this machine": lambda path: path.as_uri().replace("file:///", "FILE://localhost/"),
    "from home": lambda path: f"~/{path.name}",
    "link": lambda path: path.with_name("link").symlink_to(path) or path.with_name("link"),
}


class LikeAPath:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


@pytest.mark.parametrize("kind", NAMES)
def test_a_file_is_named_in_many_ways(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "my photo #1.jpg"
    path.write_bytes(jpeg())
    assert read(NAMES[kind](path)).data == jpeg()


@pytest.mark.parametrize(
    "name", ["a\0b.png", "~nosuchuser/a.png", "x" * 5000, "file://server/share/a.png", ""]
)
def test_what_can_be_no_path_here_is_a_clear_error(name):
    with pytest.raises(ArgumentError, match="Cannot read the input image"):
        read(name)


def temporary(kind):
    file = kind()
    file.write(PNG)
    return file


def in_a_zip(path):
    with zipfile.ZipFile(path / "a.zip", "w") as archive:
        archive.writestr("a.png", PNG)
    return path / "a.zip"


class ReadsAll:
    """The least that may be called a file."""

    def read(self):
        return PNG


class Dripping(io.RawIOBase):
    """A stream of a few bytes at a time, which cannot be sought."""

    def __init__(self, data=PNG):
        self.left = data

    def readable(self):
        return True

    def read(self, size=-1):
        piece, self.left = self.left[: min(size, 700)], self.left[min(size, 700) :]
        return piece


FILES = {
    "BytesIO": lambda _: io.BytesIO(PNG),
    "open file": lambda folder: (folder / "a.png").open("rb"),
    "unbuffered file": lambda folder: (folder / "a.png").open("rb", buffering=0),
    "file open for writing too": lambda folder: (folder / "a.png").open("r+b"),
    "temporary file, just written": lambda _: temporary(tempfile.NamedTemporaryFile),
    "spooled file, just written": lambda _: temporary(tempfile.SpooledTemporaryFile),
    "memory map": lambda folder: mmap.mmap(os.open(folder / "a.png", os.O_RDONLY), 0, prot=mmap.PROT_READ),
    "file in an archive": lambda folder: zipfile.Path(in_a_zip(folder), "a.png").open("rb"),
    "path in an archive": lambda folder: zipfile.Path(in_a_zip(folder)) / "a.png",
    "stream": lambda _: Dripping(),
    "object with read": lambda _: ReadsAll(),
}


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("kind", FILES)
def test_an_open_file_is_read_from_its_start(tmp_path, kind):
    (tmp_path / "a.png").write_bytes(PNG)
    assert read(FILES[kind](tmp_path)).data == PNG


def test_an_open_file_is_left_where_it_was():
    file = io.BytesIO(PNG)
    file.seek(123)
    assert read(file).data == read(file).data == PNG
    assert file.tell() == 123


def test_a_path_of_fsspec_is_read():
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").pipe("/pictures/a.png", PNG)
    assert read(fsspec.open("memory:///pictures/a.png")).data == PNG
    assert read(fsspec.filesystem("memory").open("/pictures/a.png")).data == PNG


class RemotePath(os.PathLike):
    """A path as universal_pathlib makes them: of no file here, and with `open`."""

    protocol = "memory"

    def __init__(self, files):
        self.files = files

    def __fspath__(self):
        return "/etc/hostname"

    def __str__(self):
        return "memory://a.png"

    def open(self, mode="r"):
        if mode != "rb" or self.files is None:
            raise PermissionError("the bucket is not yours")
        return io.BytesIO(self.files)


def test_a_path_of_another_file_system_is_opened_there_and_not_here():
    assert read(RemotePath(PNG)).data == PNG
    with pytest.raises(ArgumentError, match=r"memory://a.png': the bucket is not yours"):
        read(RemotePath(None))


class Endless(io.RawIOBase):
    def read(self, size=-1):
        return bytes(size)


BAD_FILES = {
    "opened as text": (lambda folder: (folder / "a.png").open(), 'mode "rb"'),
    "text in memory": (lambda _: io.StringIO("x"), 'mode "rb"'),
    "closed": (lambda _: closed(), "closed file"),
    "without end": (lambda _: Endless(), LIMIT),
    "that gives text": (lambda _: Gives("text"), "read\\(\\) returns str"),
    "that raises": (lambda _: Gives(KeyError("bucket")), "bucket"),
    "empty": (lambda _: io.BytesIO(), "nothing at all"),
}


class Gives:
    def __init__(self, piece):
        self.piece = piece

    def read(self, size=-1):
        if isinstance(self.piece, Exception):
            raise self.piece
        return self.piece


def closed():
    file = io.BytesIO(PNG)
    file.close()
    return file


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("kind", BAD_FILES)
def test_an_open_file_that_gives_no_picture_is_a_clear_error(tmp_path, kind):
    make, words = BAD_FILES[kind]
    (tmp_path / "a.png").write_bytes(PNG)
    with pytest.raises(ArgumentError, match=words) as caught:
        read(make(tmp_path))
    assert caught.value.__cause__ is caught.value.__context__ is None


PLAIN = base64.b64encode(PNG).decode()
URIS = {
    "base64": f"data:image/png;base64,{PLAIN}",
    "with parameters": f"data:image/png;charset=utf-8;base64,{PLAIN}",
    "in capitals": f"DATA:IMAGE/PNG;BASE64,{PLAIN}",
    "of another type than it says": f"data:text/plain;base64,{PLAIN}",
    "without a type": f"data:;base64,{PLAIN}",
    "without padding": f"data:image/png;base64,{PLAIN.rstrip('=')}",
    "in lines": f"data:image/png;base64,{base64.encodebytes(PNG).decode()}",
    "URL-safe": f"data:image/png;base64,{base64.urlsafe_b64encode(PNG).decode()}",
    "base64, percent-encoded": f"data:image/png;base64,{quote(PLAIN, safe='')}",
    "percent-encoded": f"data:image/png,{quote_from_bytes(PNG, safe='')}",
}


@pytest.mark.parametrize("kind", URIS)
def test_a_data_uri_is_its_bytes(kind):
    assert read(URIS[kind]).data == PNG


BAD_URIS = {
    "no comma": ("data:image/png;base64", "no comma"),
    "broken": (f"data:image/png;base64,*{PLAIN}", "base64 is broken"),
    "cut short": (f"data:image/png;base64,{PLAIN[:1]}", "base64 is broken"),
    "empty": ("data:,", "nothing at all"),
    "SVG": ("data:image/svg+xml,<svg/>", "an SVG document"),
    "longer than can be sent": ("data:;base64," + "A" * (2 * MAX_INPUT_BYTES + 2), LIMIT),
    "percent-encoded at length": ("data:," + "%00" * 1_000_001, "Write it in base64"),
}


@pytest.mark.parametrize("kind", BAD_URIS)
def test_a_data_uri_of_no_picture_is_a_clear_error_that_does_not_repeat_it(kind):
    uri, words = BAD_URIS[kind]
    with pytest.raises(ArgumentError, match=words) as caught:
        read(uri)
    assert "data URI" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_file_that_is_changed_later_is_sent_as_it_was(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    image = read(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes(jpeg())
    assert image.data == PNG


def test_bytes_of_more_than_can_be_sent_are_refused_before_they_are_copied():
    big = bytearray(MAX_INPUT_BYTES + 1)
    for source in (big, memoryview(big), bytes(big)):
        with pytest.raises(ArgumentError, match=LIMIT):
            read(source)


def test_reading_leaves_no_thread_and_no_descriptor(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    os.mkfifo(tmp_path / "pipe")
    open_before, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    for _ in range(5):
        read(tmp_path / "a.png")
        with pytest.raises(ArgumentError):
            read(tmp_path / "pipe")
    assert (len(list(Path("/proc/self/fd").iterdir())), threading.active_count()) == (open_before, threads)
