#!/usr/bin/env python3
"""What a cloud's own software does at the boot of its instances: a small subset of cloud-init, for the lab.

Reads /var/lib/cloud/lab.json, the user data as JSON. Understood: bootcmd (each boot), fs_setup (`overwrite: false`
keeps what is there), mounts, runcmd (first boot). What has to be there before the first process (hostname, keys,
write_files) was put in place by the hypervisor. Like cloud-init it ends before sshd starts.
"""
import json
import os
import subprocess
import sys

SEED = '/var/lib/cloud/lab.json'
DONE = '/var/lib/cloud/lab.done'


def run(command):
    words = ['sh', '-c', command] if isinstance(command, str) else [str(word) for word in command]
    print('+', *words, flush=True)
    return subprocess.run(words, check=False).returncode


def has_file_system(device):
    return subprocess.run(['blkid', '--probe', device], stdout=subprocess.DEVNULL, check=False).returncode == 0


def make_file_system(wanted):
    device = wanted['device']
    if not os.path.exists(device):
        print(f'{device} is not there', file=sys.stderr)
    elif wanted.get('overwrite') or not has_file_system(device):
        label = ['-L', wanted['label']] if wanted.get('label') else []
        run([f'mkfs.{wanted["filesystem"]}', '-q', *label, device])


def note_mount(entry):
    fields = [str(field) for field in entry]
    fields += ['auto', 'defaults,nofail', '0', '2'][len(fields) - 2:]
    line = ' '.join(fields) + '\n'
    with open('/etc/fstab', 'a+', encoding='utf-8') as table:
        table.seek(0)
        if line not in table.readlines():
            table.write(line)
    os.makedirs(fields[1], exist_ok=True)


def main():
    if not os.path.exists(SEED):
        return
    with open(SEED, encoding='utf-8') as seed:
        config = json.load(seed)
    for command in config.get('bootcmd', []):
        run(command)
    for wanted in config.get('fs_setup', []):
        make_file_system(wanted)
    for entry in config.get('mounts', []):
        note_mount(entry)
    run(['/opt/lab/mount-volumes'])
    if not os.path.exists(DONE):
        for command in config.get('runcmd', []):
            run(command)
        with open(DONE, 'w', encoding='utf-8'):
            pass


main()
