#!/usr/bin/env python3
"""seed.py orders|files FOLDER COUNT: what lies on the volume of a node of the shop.

COUNT files of the kinds that a copy gets wrong: hard links, symbolic links, extended attributes, holes, odd names,
odd times, owners and modes. The same arguments give the same content.
"""
import os
import random
import sys

kind, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
chance = random.Random(f'{kind} {count}')
root = os.path.join(folder, 'shop' if kind == 'orders' else 'files')
WWW_DATA = 33
NOON = 1_700_000_000
NAMES = ['plain', 'with space', 'ümläut-ß', '日本語', 'new\nline', "quote'and\"", '-dash', '*star?', 'tab\there', 'back\\slash', '~tilde', '#hash']


def put(path, size):
    with open(path, 'wb') as file:
        file.write(chance.randbytes(size))


os.makedirs(root)
for section in range(8):
    os.makedirs(f'{root}/catalogue/section {section}')
for number in range(count):
    name = f'{NAMES[number % len(NAMES)]}-{number}'
    path = f'{root}/catalogue/section {number % 8}/{name}'
    put(path, chance.choice([0, 1, 100, 4096, 5000, 20000]))
    if number % 10 == 1:
        os.link(path, f'{root}/catalogue/section {(number + 3) % 8}/{name}.linked')
    if number % 10 == 2:
        os.symlink(os.path.basename(path), f'{path}.symbolic')
    if number % 10 == 3:
        os.setxattr(path, 'user.origin', f'seed {number}'.encode())
    if number % 10 == 4:
        os.chmod(path, chance.choice([0o600, 0o640, 0o755, 0o4755, 0o444]))
    if number % 10 == 5:
        os.chown(path, 1000 + number, 2000 + number)
    os.utime(path, (NOON + number, NOON + number))
with open(f'{root}/catalogue/sparse', 'wb') as file:
    file.seek(8 << 20)
    file.write(b'end')
os.makedirs(f'{root}/catalogue/empty folder')
os.symlink('/nowhere/at all', f'{root}/catalogue/dangling')
os.mkfifo(f'{root}/catalogue/pipe')
put(f'{root}/logo.png', 3000)
if kind == 'orders':
    open(f'{root}/orders.log', 'ab').close()
else:
    os.makedirs(f'{root}/orders')
for path in [root, *(os.path.join(root, name) for name in ('orders.log', 'orders', 'logo.png') if os.path.exists(os.path.join(root, name)))]:
    os.chown(path, WWW_DATA, WWW_DATA)
