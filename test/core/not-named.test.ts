// What a look inside found and a move does not name.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readAnswer } from '../../src/core/inside/answer.ts'
import { peersOf } from '../../src/core/inside/hints.ts'
import { notNamed, writersNotNamed } from '../../src/core/inside/not-named.ts'
import { readWriters } from '../../src/core/inside/processes.ts'
import { parsed, printed } from './inside-lines.ts'
import { move, node } from './planning.ts'

const web = node({ id: 'vm-42', name: 'web-1', addresses: ['192.0.2.10'], nics: [] })
const db = node({ id: 'vm-43', name: 'db-1', addresses: ['192.0.2.11', '2001:db8::11'], nics: [] })
const unit = (word: string, keys: Readonly<Record<string, string>>) => [...Object.entries(keys).map(([key, value]) => `${word}:${key}=${value}`), `${word}:`]
const service = (Id: string, FragmentPath: string) => unit('service', { Id, ActiveState: 'active', SubState: 'running', FragmentPath })
const timer = (Id: string, Unit: string, FragmentPath: string) => unit('timer', { Id, Unit, ActiveState: 'active', FragmentPath })

const inside = parsed({
  services: [
    'systemd:yes',
    ...service('mailer.service', '/etc/systemd/system/mailer.service'),
    ...service('report.service', '/etc/systemd/system/report.service'),
    ...unit('service', { Id: 'once.service', ActiveState: 'active', SubState: 'exited', FragmentPath: '/etc/systemd/system/once.service' }),
    ...service('cron.service', '/lib/systemd/system/cron.service'),
    ...service('lifeboat-web-1-helper.service', '/etc/systemd/system/lifeboat-web-1-helper.service'),
    ...timer('report.timer', 'report.service', '/etc/systemd/system/report.timer'),
    ...timer('apt-daily.timer', 'apt-daily.service', '/lib/systemd/system/apt-daily.timer'),
  ],
  cron: [
    'job:17 * * * *~root~cd~/etc/crontab',
    'job:5 4 * * *~root~/usr/bin/report~/etc/cron.d/report',
    'job:@daily~shop~?~/var/spool/cron/crontabs/shop',
    'script:/etc/cron.daily/logrotate',
    'script:/etc/cron.daily/send-bills',
    'packages:yes',
    'packaged:/etc/crontab',
    'packaged:/etc/cron.daily/logrotate',
  ],
  literals: [
    'literal:/etc/shop.ini:192.0.2.11',
    'literal:/etc/shop.ini:2001:DB8::11',
    'literal:/etc/nginx/site:192.0.2.10',
    'literal:/etc/ntp.conf:198.51.100.1',
  ],
})
const told = (changes: Parameters<typeof move>[0] = {}) =>
  notNamed(move({ name: 'web-1', ...changes }), web, inside, peersOf([web, db])).map(({ code, text }) => `${code} ${text}`)

describe('a move is told what it does not name', () => {
  it('services, timers and jobs of the administrator, and addresses in configuration', () => {
    assert.deepEqual(told(), [
      'job-not-named /etc/cron.daily/send-bills (daily) of web-1 goes on after the switch: moves.web-1.singletons names no cron.service.',
      'job-not-named /usr/bin/report in /etc/cron.d/report (5 4 * * *) of web-1 goes on after the switch: moves.web-1.singletons names no cron.service.',
      'job-not-named ? in /var/spool/cron/crontabs/shop (@daily) of web-1 goes on after the switch: moves.web-1.singletons names no cron.service.',
      'literal-address /etc/nginx/site of web-1 names its own address 192.0.2.10: no switch of names reaches that.',
      'literal-address /etc/shop.ini of web-1 names db-1 by its address 192.0.2.11: no switch of names reaches that.',
      'literal-address /etc/shop.ini of web-1 names db-1 by its address 2001:db8::11: no switch of names reaches that.',
      'service-not-named mailer.service of web-1 goes on during the switch: moves.web-1.services does not name it.',
      'timer-not-named report.timer of web-1 goes on after the switch: moves.web-1.singletons does not name it.',
    ])
  })

  it('and not what it names', () => {
    const named = told({ services: ['mailer.service'], singletons: ['report.timer', 'cron.service'] })
    assert.deepEqual([...new Set(named.map((text) => text.split(' ')[0]))], ['literal-address'])
  })

  it('jobs of users also where nobody can say what came with a package', () => {
    const plain = parsed({ cron: ['job:5 4 * * *~root~/usr/bin/report~/etc/cron.d/report', 'job:@daily~shop~?~/var/spool/cron/crontabs/shop'] })
    const texts = notNamed(move({ name: 'web-1' }), web, plain, new Map()).map(({ text }) => text)
    assert.deepEqual([texts.length, /crontabs.shop/.test(texts[0] ?? '')], [1, true])
  })

  it('who writes to its data and is stopped by nobody', () => {
    const text = printed({
      writers: [
        'writer:10~/srv/shop/orders.log',
        'writer:11~/srv/shop/a b.log',
        'writer:11~/srv/shop/c',
        'writer:12~/srv/shop/d',
        'process:10~/system.slice/shop.service~/usr/bin/python3~python3',
        'process:11~/system.slice/audit.service~/usr/bin/audit~audit',
        'process:12~/user.slice/user-0.slice/session-1.scope~/usr/bin/tail~tail',
      ],
    })
    const section = readAnswer(text).get('writers')
    assert.ok(section)
    const writers = writersNotNamed(move({ name: 'web-1', services: ['shop.service'] }), readWriters(section)).map((each) => each.text.split(', and')[0])
    assert.deepEqual(writers, ['audit.service has /srv/shop/a b.log and 1 more open for writing', '/usr/bin/tail has /srv/shop/d open for writing'])
  })
})
