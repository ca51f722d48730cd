#!/usr/bin/env python3
"""trees.py make FOLDER COUNT MEAN: COUNT files of MEAN bytes on average in FOLDER, 60 to a folder; one of a hundred
each has a second name, a symbolic link to it, an extended attribute.
trees.py change FOLDER COUNT CHANGES ROUND: changes CHANGES of them as applications do, half in place and half by a new
file under the old name. The same arguments give the same tree and the same changes."""
import os
import random
import sys
import time

task, root, count, number = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
chance = random.Random(f'{task} {sys.argv[3:]}')
block = random.Random(count).randbytes(1 << 20)
NOON = 1_700_000_000
PER_FOLDER = 60
# What is read for the first time after its last change pays for a new access time, once.
READ = time.time_ns()


def place(index):
    folder = index // PER_FOLDER
    return f'{root}/{folder % 100:02}/{folder}/{index}.dat'


def is_special(index):
    return index % 100 < 3


def write(path, size, flags):
    at = chance.randrange(len(block) // 2)
    file = os.open(path, flags, 0o644)
    os.write(file, block[at:at + size])
    return file


def make(mean):
    # Many small ones and a few large ones, as in trees of real applications.
    sizes = [mean // 8, mean // 4, mean // 2, mean, mean * 49 // 8]
    for index in range(count):
        path = place(index)
        if index % PER_FOLDER == 0:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        file = write(path, sizes[chance.randrange(5) if chance.random() < 0.6 else index % 4], os.O_WRONLY | os.O_CREAT)
        kind = index % 100
        if kind == 0:
            os.link(path, f'{path}.again')
        if kind == 1:
            os.symlink(f'{index}.dat', f'{path}.link')
        if kind == 2:
            os.setxattr(file, 'user.origin', f'{index}'.encode())
        os.utime(file, ns=(READ, (NOON + index) * 10**9))
        os.close(file)


def change(changes):
    plain = (index for index in chance.sample(range(count), min(count, changes * 2)) if not is_special(index))
    for turn, index in zip(range(changes), plain):
        path = place(index)
        if turn % 2 == 0:
            os.close(write(path, 2000, os.O_WRONLY))
        else:
            os.close(write(f'{path}.new', 2000, os.O_WRONLY | os.O_CREAT))
            os.rename(f'{path}.new', path)


(make if task == 'make' else change)(number)
