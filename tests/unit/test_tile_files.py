"""Pictures on the disk: never more than there is room for, and nothing left behind of those that went."""

import os
from pathlib import Path

from geoportal.tile_files import keep_whole, sweep


def test_the_oldest_go_with_their_folders_until_a_fifth_is_free(tmp_path: Path) -> None:
    files = [tmp_path / kind / "14" / "1-1" for kind in "abcde"]
    for age, file in enumerate(reversed(files)):
        keep_whole(file, bytes(100))
        os.utime(file, (1_000 - age, 1_000 - age))
    sweep(tmp_path, 500)
    assert all(file.exists() for file in files)
    sweep(tmp_path, 499)
    assert [file.exists() for file in files] == [False, False, True, True, True]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "d", "e"]


def test_a_picture_finds_its_folder_again_after_a_sweep(tmp_path: Path) -> None:
    file = tmp_path / "a" / "14" / "1-1"
    keep_whole(file, b"old")
    sweep(tmp_path, 0)
    assert list(tmp_path.iterdir()) == []
    keep_whole(file, b"new")
    assert file.read_bytes() == b"new"
