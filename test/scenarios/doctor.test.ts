// What a doctor says before a move from a vCenter to EC2: fit when all is well, and by name what is not.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { AllocateAddressCommand, EC2Client, ReleaseAddressCommand } from '@aws-sdk/client-ec2'
import { enterLab } from '../../lab/enter.ts'
import { doctorSchema, type Doctor } from '../../src/core/doctor/finding.ts'
import { providerCardSchema } from '../../src/core/provider-card.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { causeFault } = await import('../../lab/faults.ts')

const otherSecret = Buffer.from('another key than the one of the zone').toString('base64')
const wrongPassword = 'wrong horse battery staple'

test('a doctor before a move', async (t) => {
  const scene = await setScene({ host: 'vsphere', targets: 'aws', config: { providers: { old: { contact: { ticket: 'https://tickets.example' } } } } })
  t.after(async () => await scene.stop())
  const [vcenter, source] = [scene.host ?? assert.fail(), scene.source('web-1')]
  const secrets = [vcenter.password, scene.cloud?.secretKey, scene.names?.key.secret, otherSecret, wrongPassword].map((each) => each ?? assert.fail())
  const during = async (file: string, change: (text: string) => string, act: () => Promise<void>): Promise<void> => {
    const place = path.join(scene.folder, file)
    const before = readFileSync(place, 'utf8')
    writeFileSync(place, change(before))
    await act().finally(() => writeFileSync(place, before))
  }
  const examined = async (expected: number): Promise<Doctor> => {
    const { exitCode, stdout, stderr } = await scene.lifeboat(['doctor', '--json'])
    for (const secret of secrets) assert.ok(!(stdout + stderr).includes(secret), 'a secret is in the output')
    assert.equal(exitCode, expected, stdout + stderr)
    return doctorSchema.parse(JSON.parse(stdout))
  }
  const problems = ({ findings }: Doctor): string[] => findings.filter(({ severity }) => severity === 'error').map(({ about, code }) => `${about} ${code}`)
  const codesOf = ({ findings }: Doctor, about: string): string[] => findings.filter((each) => each.about === about).map(({ code }) => code)

  await t.test('all is well: fit, exit 0, with every subject looked at', async () => {
    const found = await examined(0)
    assert.deepEqual([found.fit, problems(found)], [true, []])
    assert.ok(found.findings.some(({ text }) => text === 'The account may ec2:RunInstances, ec2:AllocateAddress, ec2:CreateVolume, ec2:CreateSecurityGroup.'))
    assert.deepEqual(
      [...new Set(found.findings.map(({ about }) => about))],
      ['lifeboat.yaml', 'this machine', 'providers.old', 'providers.new', 'dns.zone', 'moves.web-1'],
    )
    const expected = {
      'lifeboat.yaml': ['configuration', 'references'],
      'this machine': ['node-version', 'pulumi', 'ssh', 'helper', 'state-owner', 'state-mode', 'state-space', 'ssh-key'],
      'providers.old': ['login', 'certificate-expires', 'clock', 'inventory', 'rights', 'contact'],
      'providers.new': ['prices', 'account', 'rights', 'image', 'size', 'quota', 'contact'],
      'dns.zone': ['may-write', 'ttl', 'authority'],
      'moves.web-1': ['host-key', 'clock', 'node', 'data', 'target', 'port'],
    }
    for (const [about, codes] of Object.entries(expected))
      assert.deepEqual(
        codes.filter((code) => !codesOf(found, about).includes(code)),
        [],
        `${about}: ${codesOf(found, about).join(' ')}`,
      )
  })

  await t.test('people read the same, problems first, each with what to try', async () => {
    await source.run('mv /usr/bin/rsync /run/rsync')
    const { exitCode, stdout } = await scene.lifeboat(['doctor'])
    await source.run('mv /run/rsync /usr/bin/rsync')
    assert.equal(exitCode, 4, stdout)
    assert.match(
      stdout,
      /^Not fit for a move: 1 error, .*\n\n✖ moves\.web-1 +The source \S+ has no rsync, which copies the data\.\n +Try: Install rsync there\.\n/,
    )
    assert.match(stdout, /\n✔ providers\.old +It lets us in: VMware vCenter/)
  })

  await t.test('a key that the name server does not know', async () => {
    await during(
      'secrets/tsig',
      () => otherSecret,
      async () => assert.deepEqual(problems(await examined(4)), ['dns.zone dns-refused']),
    )
  })

  await t.test('a wrong password; the node is looked at all the same, by the inventory of before', async () => {
    await during(
      'secrets/host-password',
      () => wrongPassword,
      async () => {
        const found = await examined(4)
        assert.deepEqual(problems(found), ['providers.old source-login'])
        assert.ok(codesOf(found, 'providers.old').includes('inventory-stored'))
        assert.ok(codesOf(found, 'moves.web-1').includes('node'))
      },
    )
  })

  await t.test('a certificate that is not the pinned one', async () => {
    const other = `sha256:${Array.from({ length: 32 }, () => 'AB').join(':')}`
    await during(
      'lifeboat.yaml',
      (text) => text.replace(vcenter.fingerprint, other),
      async () => assert.deepEqual(problems(await examined(4)), ['providers.old certificate-untrusted']),
    )
  })

  await t.test('a secret that this environment does not have is told by its reference', async () => {
    await during(
      'lifeboat.yaml',
      (text) => text.replace('file:secrets/host-password', 'env:NOT_SET'),
      async () => {
        const found = await examined(4)
        assert.deepEqual(problems(found), ['lifeboat.yaml secret-unavailable', 'providers.old credentials-needed'])
      },
    )
  })

  await t.test('an account at EC2 that may not do what a move does, and one without an address left', async () => {
    await scene.cloud?.refuse({ code: 'UnauthorizedOperation', action: 'AllocateAddress', count: 1 })
    const found = await examined(4)
    assert.deepEqual(problems(found), ['providers.new rights'])
    assert.match(found.findings.find(({ severity }) => severity === 'error')?.text ?? '', /may not ec2:AllocateAddress/)
    await scene.cloud?.refuse({ code: '', count: 0 })

    const { region = '', endpoint = '', accessKey: accessKeyId = '', secretKey: secretAccessKey = '' } = scene.cloud ?? {}
    const client = new EC2Client({ region, endpoint, credentials: { accessKeyId, secretAccessKey } })
    const taken = await Promise.all(Array.from({ length: 5 }, async () => await client.send(new AllocateAddressCommand({ Domain: 'vpc' }))))
    assert.deepEqual(await scene.cloud?.instances(), [], 'a dry run made something')
    const full = await examined(4)
    assert.deepEqual(
      full.findings.filter(({ severity }) => severity === 'error').map(({ code, text }) => [code, text]),
      [['quota', '5 of 5 public addresses are in use; 1 move still needs one.']],
    )
    await Promise.all(taken.map(async ({ AllocationId }) => await client.send(new ReleaseAddressCommand({ AllocationId }))))
    client.destroy()
  })

  await t.test('provider tells what is known, how its API answered, and why it does not answer now', async () => {
    const told = async () => providerCardSchema.parse(JSON.parse((await scene.lifeboat(['provider', 'old', '--json'])).stdout))
    const card = await told()
    assert.deepEqual([card.answers, card.apiVersion, card.certificate?.fingerprint, card.certificate?.pinned], [true, '6.5', vcenter.fingerprint, true])
    assert.deepEqual([card.moves.from, card.contact.ticket, card.contact.phone], [['web-1'], 'https://tickets.example', null])
    assert.ok(card.readings.count >= 4 && card.readings.failed === 0 && card.readings.medianMs !== null, JSON.stringify(card.readings))
    await during(
      'secrets/host-password',
      () => wrongPassword,
      async () => {
        assert.equal((await scene.lifeboat(['inventory', 'old', '--json'])).exitCode, 3)
        const refused = await told()
        assert.deepEqual([refused.answers, refused.failure?.code, refused.inventory?.nodes], [false, 'source-login', card.inventory?.nodes])
        assert.deepEqual([refused.readings.failed, refused.readings.lastFailure?.code], [1, 'source-login'])
      },
    )
  })

  await t.test('a vCenter that says nothing delays only itself', async () => {
    await causeFault(scene, 'host', 'host-dead')
    const found = await examined(4)
    await causeFault(scene, 'host', 'none')
    assert.deepEqual(problems(found), ['providers.old source-unreachable'])
    assert.ok(codesOf(found, 'moves.web-1').includes('node'))
  })
})
