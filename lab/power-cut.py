#!/usr/bin/env python3
"""power-cut.py FIRST-PROCESS NSPAWN: takes the power of a node away.

Killing the processes alone would be kind: the kernel still writes what they had only in memory. So the file systems
on its volumes are shut down without a last write (EXT4_IOC_SHUTDOWN, fs/ext4/ioctl.c), as a disk without power is;
the next mount replays the journal.
"""
import fcntl
import os
import re
import select
import signal
import struct
import sys
import time

EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2
LOOP = 7  # the major number of loop devices, which is what volumes are


def volumes(pid):
    """The ext4 file systems on loop devices that a process sees: (open folder, device on this machine)."""
    found = []
    with open(f'/proc/{pid}/mountinfo', encoding='utf-8', errors='surrogateescape') as mounts:
        for line in mounts:
            fields = line.split()
            major, minor = fields[2].split(':')
            # A root that is a disk of its own is mounted outside, too, and outlives the node.
            if fields[4] != '/' and int(major) == LOOP and fields[fields.index('-') + 1] == 'ext4':
                place = re.sub(r'\\([0-7]{3})', lambda octal: chr(int(octal[1], 8)), fields[4])
                found.append((os.open(f'/proc/{pid}/root{place}', os.O_RDONLY), f'/dev/loop{minor}'))
    return found


def processes(pid):
    """All processes of the node that this one is the first of."""
    space = os.stat(f'/proc/{pid}/ns/pid').st_ino
    found = []
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            if os.stat(f'/proc/{name}/ns/pid').st_ino == space:
                found.append(int(name))
        except OSError:  # gone meanwhile
            pass
    return found


def wait_until_free(device):
    """A mount that comes while the dead file system is still being taken down would get the dead one."""
    end = time.monotonic() + 10
    while True:
        try:
            os.close(os.open(device, os.O_RDONLY | os.O_EXCL))
            return
        except OSError:
            if time.monotonic() > end:
                sys.exit(f'{device} is still in use 10 s after the power cut')
            time.sleep(0.01)


first, nspawn = int(sys.argv[1]), int(sys.argv[2])
held = volumes(first)
gone = os.pidfd_open(first)
# All at once, before the disks: the end of the first one reaches the others some milliseconds later, in which one could
# tell a client of a write that a dying journal took for done.
for pid in (nspawn, *processes(first)):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
for folder, _ in held:
    fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack('I', NO_LOG_FLUSH))
    os.close(folder)
select.select([gone], [], [], 10)
for _, device in held:
    wait_until_free(device)
