"""rage FOLDER: makes COUNT files in 48 folders, each made just before; a fifth of them gets another name. Prints the seconds.
missing ROOT FOLDER LIST: prints how many files below FOLDER are not in the recorder's list of names."""
import os
import sys
import time

COUNT = 48_000


def rage(folder):
    began = time.monotonic()
    os.mkdir(folder)
    for part in range(48):
        os.mkdir(f'{folder}/{part}')
        for number in range(COUNT // 48):
            path = f'{folder}/{part}/{number}'
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            if number % 5 == 0:
                os.rename(path, f'{path}.kept')
    print(time.monotonic() - began)


def missing(root, folder, file):
    named = set(open(file, 'rb').read().split(b'\0'))
    there = [os.path.relpath(os.path.join(at, name), root).encode() for at, _, names in os.walk(folder) for name in names]
    assert len(there) == COUNT, len(there)
    print(sum(name not in named for name in there))


{'rage': rage, 'missing': missing}[sys.argv[1]](*sys.argv[2:])
