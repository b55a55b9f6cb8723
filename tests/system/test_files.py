"""Files are written whole; devices, pipes and links stay what they are."""

import os
import threading
from pathlib import Path

import pytest

from pipeline.errors import SetupError
from pipeline.system.files import write_whole
from tests.full_disk import NEXT, TOO_LARGE, no_file_larger_than


def test_a_file_is_replaced_whole_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "report.html"
    write_whole(file, b"old")
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert [*file.parent.iterdir()] == [file]


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_whole(file, b"old")
    file.chmod(0o604)
    write_whole(file, b"new")
    assert file.stat().st_mode & 0o777 == 0o604


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of other users")
def test_a_file_that_root_replaces_keeps_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_whole(file, b"old")
    os.chown(file, 65534, 65534)
    write_whole(file, b"new")
    assert (file.stat().st_uid, file.stat().st_gid) == (65534, 65534)


def test_what_a_killed_process_left_goes_and_what_others_call_alike_stays(tmp_path: Path) -> None:
    for name in (".a.html.aa-pipeline-1-x", ".b.html.aa-pipeline-1-x", ".a.html.d"):
        (tmp_path / name).mkdir()
    write_whole(tmp_path / "a.html", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".a.html.d",
        ".b.html.aa-pipeline-1-x",
        "a.html",
    ]


def test_where_there_is_no_room_the_old_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_whole(file, b"old")
    with (
        no_file_larger_than(100),
        pytest.raises(SetupError, match=f"cannot be written: {TOO_LARGE}. {NEXT}"),
    ):
        write_whole(file, b"x" * 1_000)
    assert file.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [file]


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"through")
    reader.join()
    assert received == [b"through"]
    assert pipe.is_fifo()


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_full_disk_is_said_and_the_device_stays() -> None:
    device = Path("/dev/full")
    if not device.is_char_device():
        pytest.skip("no /dev/full here")
    with pytest.raises(SetupError, match=r"^/dev/full cannot be written: No space left on device"):
        write_whole(device, b"x")
    assert device.is_char_device()


def test_a_folder_cannot_be_written_as_a_file(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be written: Is a directory"):
        write_whole(tmp_path, b"x")
