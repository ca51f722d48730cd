// What a node prints, for the tests of what is read from it.
import { parseInside } from '../../src/core/inside/parse.ts'
import type { Inside } from '../../src/core/inside/schema.ts'

type Lines = Readonly<Record<string, readonly string[]>>

/** What the script prints for these sections, `word:value` with `~` for a tab. */
export function printed(sections: Lines, status = 0): string {
  return Object.entries(sections)
    .map(([name, lines]) => [`@${name}`, ...lines.map((line) => `|${line.replace(':', '\t').replaceAll('~', '\t')}`), `=${name} ${status}`, ''].join('\n'))
    .join('')
}

export const parsed = (sections: Lines): Inside => parseInside(printed(sections), '2026-03-01T00:00:00Z')

export const sockets = {
  sockets: [
    'socket:tcp 00000000:0050 101',
    'socket:tcp 00000000000000000000000000000000:0050 102',
    'socket:tcp 0100007F:1538 103',
    'socket:tcp 00000000000000000000000001000000:1538 104',
    'socket:tcp 00000000:0016 105',
    'socket:udp 00000000:0035 106',
    'socket:udp 00000000:C001 107',
    'socket:to 0C3364C6:1538 108',
    'socket:to 0000000000000000FFFF00000D3364C6:0019 0',
    'socket:to 0100007F:1538 109',
    'owner:101 10',
    'owner:102 10',
    'owner:103 11',
    'owner:104 11',
    'owner:105 12',
    'owner:108 10',
    'process:10~/system.slice/shop.service~/usr/sbin/nginx (deleted)~nginx',
    'process:11~/system.slice/system-postgresql.slice/postgresql@15-main.service~/usr/lib/postgresql/15/bin/postgres~postgres',
    'process:12~/system.slice/ssh.service~/usr/sbin/sshd~sshd',
    'package:/usr/sbin/nginx~nginx~1.22.1-9',
    'config:nginx~/etc/nginx/nginx.conf',
  ],
}
