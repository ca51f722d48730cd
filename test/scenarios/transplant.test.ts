// A whole system moves to a machine of its own kind, comes back, and moves again. What belongs to each machine stays.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import type { LabNode } from '../../lab/node.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')

const key = (name: string) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${name.padEnd(43, 'x')} ${name}`

/** What must be the same before and after, whatever comes. */
const identity = `cat /etc/machine-id /etc/hostname /etc/hosts /etc/fstab /etc/resolv.conf; sha256sum /etc/ssh/ssh_host_*; find /boot /usr/lib/modules -type f -exec sha256sum {} +
  ip -o address show scope global | awk '{ print $2, $4 }'; grep ^root: /etc/shadow`

/** Owners by their names, and contents. */
const contents = `cd / && find usr opt etc/cron.d etc/systemd/system/stall.service home/shopkeeper ! -path 'usr/lib/modules/*' ! -path 'usr/lib/firmware/*' ! -name authorized_keys -printf '%p %y %u %g %m %l\\n' | sort
  find usr opt home/shopkeeper -type f ! -path 'usr/lib/modules/*' ! -path 'usr/lib/firmware/*' -print0 | sort -z | xargs -0 sha256sum`

/** In the place of cron, which the image of the nodes has not. */
const cron = `printf '%s\\n' '[Service]' 'ExecStart=/bin/sleep infinity' '[Install]' WantedBy=multi-user.target > /etc/systemd/system/cron.service; systemctl enable --now cron.service`

const onSource = `groupadd -g 1001 shopkeeper; useradd -u 1001 -g 1001 -m -s /bin/sh shopkeeper; usermod -aG www-data shopkeeper; echo 'shopkeeper:of-the-source' | chpasswd
  mkdir -m 700 ~shopkeeper/.ssh; echo '${key('shopkeeper')}' > ~shopkeeper/.ssh/authorized_keys; echo ledger > ~shopkeeper/ledger; chown -R shopkeeper: ~shopkeeper
  echo '${key('person')}' >> /root/.ssh/authorized_keys
  mkdir -p /opt/stall /boot /usr/lib/modules/source; echo source > /boot/kernel; echo source > /usr/lib/modules/source/module
  printf '#!/bin/sh\\nexec sleep infinity\\n' > /opt/stall/stall; chmod 755 /opt/stall/stall; chgrp shopkeeper /opt/stall
  printf '%s\\n' '[Service]' User=shopkeeper ExecStart=/opt/stall/stall '[Install]' WantedBy=multi-user.target > /etc/systemd/system/stall.service
  echo '0 5 * * * shopkeeper true' > /etc/cron.d/stall
  systemctl enable --now stall.service
  ${cron}`

const onTarget = `useradd -u 1001 -m -s /bin/sh admin; echo mine > ~admin/mine; chown admin: ~admin/mine; echo '${key('cloud')}' >> /root/.ssh/authorized_keys
  mkdir -p /boot /usr/lib/modules/target; echo target > /boot/kernel; echo target > /usr/lib/modules/target/module
  ${cron}`

const stall = { services: ['shop.service', 'stall.service'], singletons: ['shop-cron.timer'] }
const data = [
  { kind: 'files', name: 'system', profile: 'system', path: '/' },
  { kind: 'files', name: 'shop', path: '/srv/shop' },
]

test('a whole system moves, restarts, goes back and moves again; each machine stays itself', async (t) => {
  const scene = await setScene({ rootMiB: 2048, files: 40, config: { moves: { 'web-1': { ...stall, data } } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await Promise.all([source.run(onSource), target.run(onTarget)])
  const were = await Promise.all([source.run(identity), target.run(identity)])
  const staysItself = async () => assert.deepEqual(await Promise.all([source.run(identity), target.run(identity)]), were)
  const ownerOf = async (node: LabNode, path: string) => (await node.run(`stat -c %U:%G ${path}`)).trim()

  await t.test('a job of the source is not done on both sides: the move waits until cron is named', async () => {
    const refused = await scene.begin('migrate', '--yes', '--json')
    assert.equal(refused.exitCode, 4, refused.stdout.slice(-3000) + refused.stderr)
    assert.match(refused.stdout, /cron\.service runs on the target and would do the jobs of the source a second time: name it under singletons\./)
    assert.equal((await target.attempt('id shopkeeper')).exitCode, 1)
    const file = path.join(scene.folder, 'lifeboat.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('- shop-cron.timer', '- shop-cron.timer\n      - cron.service'))
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
  })

  await t.test('accounts, services, jobs and folders are there, with the owners of their names', async () => {
    assert.equal((await target.run('id -u shopkeeper')).trim(), '1000')
    assert.equal((await target.run('id -u admin')).trim(), '1001')
    for (const [path, owner] of [
      ['~shopkeeper/ledger', 'shopkeeper:shopkeeper'],
      ['/opt/stall', 'root:shopkeeper'],
      ['~admin/mine', 'admin:admin'],
      ['/etc/cron.d/stall', 'root:root'],
    ] as const) {
      assert.equal(await ownerOf(target, path), owner, path)
    }
    assert.match(await target.run('id -nG shopkeeper'), /www-data/)
    assert.equal(await target.run('grep ^shopkeeper: /etc/shadow'), await source.run('grep ^shopkeeper: /etc/shadow'))
    assert.match(await target.run('systemctl is-active stall.service cron.service; ps -o user= -C sleep | sort'), /^active\nactive\nroot\nshopkeeper\n$/)
    assert.match(await target.run('cat ~shopkeeper/.ssh/authorized_keys'), /shopkeeper$/m)
    const keys = await target.run('cat /root/.ssh/authorized_keys')
    for (const name of ['cloud', 'person', 'lab', 'lifeboat web-1']) assert.match(keys, new RegExp(` ${name}$`, 'm'))
    await staysItself()
  })

  await t.test('the target starts anew as itself, with the services of the source, and is still reached', async () => {
    await target.powerOff()
    await target.powerOn()
    await staysItself()
    assert.match(
      await target.run('for unit in stall cron; do timeout 20 sh -c "until systemctl is-active -q $unit; do sleep 0.1; done" || exit 1; done; echo up'),
      /up/,
    )
  })

  await t.test('the way back brings what was made there, and nothing that belongs to the other machine', async () => {
    await target.run(`useradd -m -s /bin/sh later; echo hers > ~later/hers; chown later: ~later/hers; su shopkeeper -c 'echo more >> ~/ledger'`)
    const { exitCode, stdout, stderr } = await scene.begin('rollback', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    assert.equal(await source.run('cat ~shopkeeper/ledger'), 'ledger\nmore\n')
    assert.equal(await ownerOf(source, '~shopkeeper/ledger'), 'shopkeeper:shopkeeper')
    assert.equal((await source.run('id -u shopkeeper')).trim(), '1001')
    assert.equal(await ownerOf(source, '~later/hers'), 'later:later')
    assert.doesNotMatch(await source.run('cat /etc/passwd /root/.ssh/authorized_keys'), /admin:| cloud$/m)
    assert.match(await source.run('systemctl is-active stall.service cron.service'), /^active\nactive\n$/)
    await staysItself()
  })

  await t.test('once more and finished: the source is off, and nothing of Lifeboat is left', async () => {
    const again = await scene.begin('migrate', '--yes', '--json')
    assert.equal(again.exitCode, 0, again.stdout.slice(-3000) + again.stderr)
    assert.equal(await target.run('cat ~shopkeeper/ledger'), 'ledger\nmore\n')
    assert.equal(await target.run('cat ~admin/mine'), 'mine\n')
    const [here = [], there = []] = await Promise.all([source, target].map(async (node) => (await node.run(contents)).split('\n')))
    const other = (lines: readonly string[], than: ReadonlySet<string>) => lines.filter((line) => !than.has(line))
    assert.ok(here.length > 8000, String(here.length))
    assert.deepEqual([other(here, new Set(there)).slice(0, 9), other(there, new Set(here)).slice(0, 9)], [[], []])
    const finished = await scene.begin('finish', 'web-1', '--yes', '--json')
    assert.equal(finished.exitCode, 0, finished.stdout.slice(-3000) + finished.stderr)
    assert.equal(await target.run('ls -d /var/lib/lifeboat/* /.lifeboat-deleted /etc/systemd/system/*lifeboat-web-1* 2>/dev/null; id -un admin'), 'admin\n')
    const said = (await scene.journal()).map(({ text }) => text)
    assert.deepEqual(
      said.filter((text) => /[1-9]\d* difference|did not name|was written to|Not compared/.test(text)),
      [],
    )
  })
})
