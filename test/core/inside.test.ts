// What a node printed -> what it looks like from inside.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseInside } from '../../src/core/inside/parse.ts'
import { insideSchema } from '../../src/core/inside/schema.ts'
import { parsed, printed, sockets } from './inside-lines.ts'

describe('a look inside reads', () => {
  it('who listens where, with unit, package and configuration, and whom the node talks to', () => {
    const { listeners, connections } = parsed(sockets)
    const nginx = { name: 'nginx', version: '1.22.1-9', configuration: ['/etc/nginx/nginx.conf'] }
    const ofShop = { unit: 'shop.service', program: '/usr/sbin/nginx' }
    assert.deepEqual(
      listeners?.filter(({ port }) => port === 80),
      ['0.0.0.0', '::'].map((address) => ({ protocol: 'tcp', address, port: 80, ...ofShop, package: nginx })),
    )
    assert.deepEqual(
      listeners?.filter(({ port }) => port === 5432).map(({ address, unit }) => [address, unit]),
      ['127.0.0.1', '::1'].map((address) => [address, 'postgresql@15-main.service']),
    )
    assert.deepEqual(connections, [
      { address: '198.100.51.12', port: 5432, ...ofShop },
      { address: '198.100.51.13', port: 25, unit: null, program: null },
    ])
  })

  it('mounts with their use, whatever stands in their names, and leaves out what holds no data', () => {
    const { mounts } = parsed({
      'writes-before': ['uptime:100.00 1', 'sectors:8:1 1000', 'sectors:8:17 50'],
      mounts: [
        'mount:0:21 / /proc proc proc',
        'mount:8:1 / / ext4 /dev/sda1',
        String.raw`mount:8:17 / /srv/our\040files ext4 /dev/sdb1`,
        'mount:8:17 /shop /var/www ext4 /dev/sdb1',
        'mount:0:44 / /var/lib/docker/overlay2/x/merged overlay overlay',
        'mount:0:45 /@home /home btrfs /dev/sdc',
      ],
      usage: [
        'kib:Filesystem 1024-blocks Used Available Capacity Mounted on',
        'kib:/dev/sda1 10240 5120 5120 50% /',
        'kib:/dev/sdb1 2048 1024 1024 50% /srv/our files',
        'inodes:/dev/sdb1 1000 330 670 33% /srv/our files',
        'inodes:/dev/sdc 0 0 0 - /home',
      ],
      changes: [String.raw`changed:/srv/our\040files 3 2097152`],
      'writes-after': ['uptime:104.00 1', 'sectors:8:1 1000', 'sectors:8:17 58'],
    })
    const unknown = { sizeMiB: null, usedMiB: null, files: null, changedFiles: null, changedMiB: null, writtenPerSecond: null }
    assert.deepEqual(mounts, [
      { ...unknown, place: '/', device: '/dev/sda1', type: 'ext4', sizeMiB: 10, usedMiB: 5, writtenPerSecond: 0 },
      {
        place: '/srv/our files',
        device: '/dev/sdb1',
        type: 'ext4',
        sizeMiB: 2,
        usedMiB: 1,
        files: 330,
        changedFiles: 3,
        changedMiB: 2,
        writtenPerSecond: 1024,
      },
      { ...unknown, place: '/home', device: '/dev/sdc', type: 'btrfs' },
    ])
  })

  it('memory in use, also from kernels that do not tell what is available', () => {
    const old = ['cpus:2', 'memory:MemTotal:  4096 kB', 'memory:MemFree: 1024 kB', 'memory:Cached: 1024 kB']
    assert.deepEqual(parsed({ hardware: old }).memory, { totalMiB: 4, usedMiB: 2, swapMiB: 0, swapUsedMiB: 0 })
    assert.equal(parsed({ hardware: [...old, 'memory:MemAvailable: 3072 kB'] }).memory?.usedMiB, 1)
  })

  it('databases with collations and who replicates', () => {
    const { databases } = parsed({
      databases: [
        'postgresql:5432~15.18 (Debian 15.18-0+deb12u1)~f',
        'postgresql-database:5432~7340032~de_DE.UTF-8~UTF8~odd~name',
        'postgresql-collation:5432~2.31~2.36~odd~name',
        'postgresql-replica:5432~streaming~192.0.2.9~standby',
        'postgresql-source:5432~streaming~192.0.2.7~5432',
        'mysql:3306~10.11.19-MariaDB',
        'mysql:3307~8.4.0',
        'mysql-database:3306~1048576~utf8mb4_general_ci~shop',
        'mysql-source:3306~   Master_Host: 192.0.2.8',
        'mysql-replica:3307~follower~192.0.2.9:40000',
        'redis:6379~redis_version:7.0.15',
        'redis:6379~role:master',
        'redis:6379~db0:keys=1,expires=0',
        'redis:6380~redis_version:7.0.15',
        'redis:6380~role:slave',
        'redis:6380~master_host:192.0.2.8',
      ],
    })
    const odd = { name: 'odd\tname', sizeMiB: 7, encoding: 'UTF8', collation: 'de_DE.UTF-8', collationVersion: '2.31', libraryVersion: '2.36' }
    assert.deepEqual(databases?.[0], {
      kind: 'postgresql',
      version: '15.18',
      port: 5432,
      role: 'primary',
      replication: ['follows 192.0.2.7:5432: streaming', 'standby at 192.0.2.9: streaming'],
      databases: [odd],
    })
    assert.deepEqual(
      databases
        .slice(1)
        .map(({ port, role, replication, databases: held }) => [port, role, replication, held.map(({ name, sizeMiB }) => `${name} ${sizeMiB}`)]),
      [
        [3306, 'replica', ['Master_Host: 192.0.2.8'], ['shop 1']],
        [3307, 'primary', ['follower at 192.0.2.9:40000'], []],
        [6379, 'primary', [], ['db0 null']],
        [6380, 'replica', ['master_host: 192.0.2.8'], []],
      ],
    )
  })

  it('certificates, sites, services, timers and jobs', () => {
    const inside = parsed({
      web: [
        'host:/etc/nginx/sites-enabled/shop:  server_name www.shop.example _ shop.example;',
        'host:/etc/apache2/sites-enabled/shop.conf:  servername "https://apache.shop.example:8444"',
        'expiry:/etc/nginx/both.pem~Dec  6 15:33:16 2026 GMT',
        'subject:/etc/nginx/both.pem~subject=CN = www.shop.example',
        'name:/etc/nginx/both.pem~www.shop.example',
      ],
      services: [
        'systemd:yes',
        ...['Id=shop.service', 'ActiveState=active', 'UnitFileState=enabled', 'FragmentPath=/etc/systemd/system/shop.service', ''].map(
          (line) => `service:${line}`,
        ),
        ...['Id=mentioned.service', 'ActiveState=inactive', 'FragmentPath='].map((line) => `service:${line}`),
        ...['TimersCalendar={ OnCalendar=*-*-* 04:00:00 ; next_elapse=x }', 'TimersMonotonic={ OnBootUSec=5min ; next_elapse=y }'].map(
          (line) => `timer:${line}`,
        ),
        ...['Id=report.timer', 'Unit=report.service', 'ActiveState=active'].map((line) => `timer:${line}`),
      ],
      cron: ['job:5 4 * * *~root~/usr/bin/report~/etc/crontab', 'script:/etc/cron.daily/logrotate'],
    })
    assert.deepEqual(inside.certificates, [
      { file: '/etc/nginx/both.pem', subject: 'CN = www.shop.example', names: ['www.shop.example'], expires: '2026-12-06T15:33:16Z' },
    ])
    assert.deepEqual(
      inside.virtualHosts?.map(({ name }) => name),
      ['www.shop.example', 'shop.example', 'apache.shop.example'],
    )
    assert.deepEqual(inside.services, [{ unit: 'shop.service', state: 'active', substate: null, enabled: 'enabled', file: '/etc/systemd/system/shop.service' }])
    assert.deepEqual(inside.timers, [
      { unit: 'report.timer', starts: 'report.service', state: 'active', when: 'OnCalendar=*-*-* 04:00:00, OnBootUSec=5min', file: null },
    ])
    assert.deepEqual(
      inside.jobs?.map(({ when, program }) => [when, program]),
      [
        ['5 4 * * *', '/usr/bin/report'],
        ['daily', '/etc/cron.daily/logrotate'],
      ],
    )
  })
})

describe('a look inside says what it could not see', () => {
  const whyOf = (text: string, what: string) =>
    parseInside(text, '')
      .unseen.filter((each) => each.what === what)
      .map(({ why }) => why)

  it('because the answer ended before it, or in the middle of it', () => {
    const whole = printed({ system: ['kernel:6.1'], hardware: ['cpus:2', 'memory:MemTotal: 4096 kB'] })
    assert.deepEqual(whyOf(whole, 'listeners'), ['the answer ended before it'])
    assert.deepEqual(whyOf(whole.slice(0, whole.indexOf('=hardware')), 'hardware'), ['the answer ended in the middle of it'])
  })

  it('because no process holds a socket', () => {
    const whys = whyOf(printed(sockets), 'sockets.process')
    assert.deepEqual(whys, ['listeners of the kernel or of a container, whose process was not found: 2'])
    assert.equal(whyOf(printed({ sockets: [...sockets.sockets, 'unseen:sockets.process~only root sees them'] }), 'sockets.process').length, 1)
  })

  it('because a section took too long, and keeps what came until then', () => {
    const text = printed({ system: ['kernel:6.1'] }, 137)
    assert.equal(parseInside(text, '').system?.kernel, '6.1')
    assert.match(whyOf(text, 'system')[0] ?? '', /longer than its time limit/)
  })

  it('because the node said so, or said nothing that can be read', () => {
    assert.deepEqual(whyOf(printed({ sockets: ['unseen:sockets~awk is not there'] }), 'sockets'), ['awk is not there'])
    assert.deepEqual(whyOf(printed({ system: ['host:web-1'] }), 'system'), ['nothing came that could be read'])
    const withoutCertificates = parsed({ web: ['unseen:certificates~openssl is not there'] })
    assert.deepEqual([withoutCertificates.certificates, withoutCertificates.virtualHosts], [null, []])
    // Nothing, where one of several could not be asked, is not known to be nothing.
    const refused = 'unseen:containers.docker~docker does not answer us'
    const ofPodman = parsed({ containers: [refused, 'podman:f39d~~Created~~web'] })
    assert.deepEqual([parsed({ containers: [refused] }).containers, ofPodman.containers?.length, parsed({ containers: [] }).containers], [null, 1, []])
  })

  it('and never falls over what a node sends', () => {
    const words = [
      '@sockets',
      '@mounts',
      '@databases',
      '@services',
      '@system',
      '=system 0',
      '|mount\t',
      '|kib\t',
      '|socket\ttcp ',
      '|timer\t',
      '|unseen\t',
      '|postgresql\t',
    ]
    const line = fc.tuple(fc.constantFrom('', ...words), fc.string({ unit: 'binary' })).map(([word, text]) => word + text)
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2000 }),
      fc.array(line, { maxLength: 40 }).map((lines) => lines.join('\n')),
    )
    fc.assert(
      fc.property(text, (bytes) => {
        insideSchema.parse(parseInside(bytes, ''))
      }),
      { numRuns: 500 },
    )
  })

  it('and keeps no NUL, which the database of the inventories would refuse', () => {
    assert.equal(parsed({ system: ['kernel:6\0.1'] }).system?.kernel, '6\uFFFD.1')
  })

  it('and takes no noise of a login shell for an answer', () => {
    const text = `Welcome\n@users\n#user\tmallory\t1001\t/\t/bin/sh\n|user\tops\t1000\t/home/ops\t/bin/sh\n=users 0\nBye\n`
    assert.deepEqual(
      parseInside(text, '').users?.map(({ name }) => name),
      ['ops'],
    )
  })

  it('and takes no value for a frame: a section cannot say anything of another one', () => {
    const value = fc.array(fc.oneof(fc.constantFrom('@users', '=system 0', '|user\tmallory\t1001\t/\t/bin/sh', '\r', '\0'), fc.string({ unit: 'binary' })))
    fc.assert(
      fc.property(value, (parts) => {
        // As run.sh does it: a bar before each line of the section, whatever is in it.
        const lines = parts
          .join('\n')
          .split('\n')
          .map((part) => `|${part}`)
        const inside = parseInside(['@system', ...lines, '=system 0', '@users', '|user\tops\t1000\t/home/ops\t/bin/sh', '=users 0'].join('\n'), '')
        assert.deepEqual(inside.users, [{ name: 'ops', id: 1000, home: '/home/ops', shell: '/bin/sh' }])
      }),
    )
  })
})
