// What a doctor says of the nodes themselves: the target that exists already, the clock, the way in, and what of ours
// stands there before, during and without a move.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { doctorSchema, type Doctor, type Finding } from '../../src/core/doctor/finding.ts'

await enterLab()
const { setScene, at } = await import('../support/scenario.ts')

test('a doctor and the nodes of a move', async (t) => {
  const scene = await setScene({ config: { moves: { 'web-1': { ssh: { user: 'root' } } } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const examined = async (expected: number): Promise<Doctor> => {
    const { exitCode, stdout, stderr } = await scene.lifeboat(['doctor', '--json'])
    assert.equal(exitCode, expected, stdout + stderr)
    return doctorSchema.parse(JSON.parse(stdout))
  }
  const ofMove = (found: Doctor, severity: Finding['severity']): string[] =>
    found.findings.filter((each) => each.about === 'moves.web-1' && each.severity === severity).map(({ code, text }) => `${code}: ${text}`)

  await t.test('both are fit, their host keys are pinned at first sight and known afterwards', async () => {
    const first = ofMove(await examined(0), 'ok').filter((each) => each.startsWith('host-key'))
    assert.deepEqual([first.length, first.every((each) => each.includes('for the first time'))], [2, true], first.join('\n'))
    const again = ofMove(await examined(0), 'ok').filter((each) => each.startsWith('host-key'))
    assert.ok(
      again.every((each) => each.endsWith('is the one seen before.')),
      again.join('\n'),
    )
  })

  await t.test('a target without nft and iptables, a clock that is off, and a port where nobody listens', async () => {
    await target.run('mkdir /run/gone; for program in nft iptables; do mv "$(readlink -f "$(command -v $program)")" /run/gone/$program.gone || true; done')
    await target.run(
      `printf '#!/bin/sh\\nif [ "$*" = +%%s ]; then echo 1000000000; else exec /usr/bin/date "$@"; fi\\n' > /usr/local/bin/date; chmod 755 /usr/local/bin/date`,
    )
    await source.run('systemctl stop shop')
    const found = await examined(4)
    assert.deepEqual(ofMove(found, 'error'), [
      `node-tool-missing: The target ${target.address} has neither nft nor iptables, which hold its clients during the switch.`,
    ])
    const warnings = ofMove(found, 'warning')
    assert.match(warnings.join('\n'), /^clock: The clock of the target \S+ is \d{9} s behind the one here\.$/m)
    assert.match(warnings.join('\n'), /^port-silent: Nothing accepts connections at port 80 of the source/m)
    await source.run('systemctl start shop')
    await target.run(
      'rm /usr/local/bin/date; for program in /run/gone/*; do name=$(basename $program .gone); mv $program /usr/sbin/$name; done; rmdir /run/gone',
    )
    await examined(0)
  })

  await t.test('what of ours stands on a node without its move is told by its name', async () => {
    await source.run(`mkdir -p /var/lib/lifeboat/gone-1 && echo '{"sysctls":{"net.ipv4.ip_forward":"0"}}' > /var/lib/lifeboat/gone-1/state.json`)
    await source.run('nft add table inet lifeboat_gone_1')
    await source.run(`echo 'command="/bin/false" ssh-ed25519 AAAA lifeboat gone-1' >> /root/.ssh/authorized_keys`)
    const warnings = ofMove(await examined(0), 'warning').join('\n')
    assert.match(warnings, /^left-behind: Of ours stands on the source \S+: folder, sysctls, table, key of a move gone-1 that is not known here\.$/m)
    await source.run('rm -r /var/lib/lifeboat/gone-1; nft delete table inet lifeboat_gone_1; sed -i "/lifeboat gone-1/d" /root/.ssh/authorized_keys')
  })

  await t.test('what a move of ours has put there belongs to it; to another state folder it is not', async () => {
    const run = scene.begin('migrate', '--json')
    await scene.record(at('await-approval', 'waiting'))
    const stands = ofMove(await examined(0), 'ok').filter((each) => each.startsWith('stands'))
    assert.equal(stands.length, 2)
    for (const each of stands) assert.match(each, /folder, units, guards, .*key of the move web-1 \(running\)\.$/)
    assert.equal((await run).exitCode, 4)
    const other = await scene.lifeboat(['doctor', '--json', '--state', `${scene.folder}/other-state`])
    assert.equal(other.exitCode, 4)
    const owned = ofMove(doctorSchema.parse(JSON.parse(other.stdout)), 'error')
    assert.deepEqual([owned.length, owned.every((each) => each.startsWith('owned-by-other: '))], [2, true], owned.join('\n'))
  })

  await t.test('a node that does not let us in, and one that is off', async () => {
    await source.run('mv /root/.ssh/authorized_keys /root/.ssh/away')
    await target.linkDown()
    const began = performance.now()
    const errors = ofMove(await examined(4), 'error')
    assert.deepEqual(errors.map((each) => each.split(':')[0] ?? '').sort(), ['ssh-login', 'ssh-unreachable'])
    assert.ok(performance.now() - began < 60_000)
  })
})
