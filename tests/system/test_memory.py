"""What memory a machine or a container can spare."""

import os

from pipeline.system.memory import spare

GIB = 1 << 30


def told(folder, available, most=None, used=None):
    """What is free where the system says so much, in GiB."""
    (folder / "meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable: {available << 20} kB\n")
    if most:
        (folder / "memory.max").write_text(f"{most}\n")
        (folder / "memory.current").write_text(f"{used * GIB}\n")
    return spare(folder / "meminfo", folder) / GIB


def test_what_others_do_not_use_can_be_spared(tmp_path):
    assert told(tmp_path, available=7) == 7


def test_a_container_can_spare_what_is_left_of_its_limit(tmp_path):
    assert told(tmp_path, available=7, most=4 * GIB, used=1) == 3
    assert told(tmp_path, available=2, most=4 * GIB, used=1) == 2
    assert told(tmp_path, available=7, most=4 * GIB, used=5) == 0


def test_a_container_without_a_limit_can_spare_what_its_machine_can(tmp_path):
    assert told(tmp_path, available=7, most="max", used=1) == 7


def test_where_the_system_does_not_tell_half_of_the_machine_can_be_spared(tmp_path):
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    assert spare(tmp_path / "none") == half


def test_this_machine_can_spare_something_and_not_all():
    assert 0 < spare() < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
