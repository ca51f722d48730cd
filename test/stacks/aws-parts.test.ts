// The pure parts of the aws target.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import { awsProvider } from '../../src/providers/aws/index.ts'
import { awsCatalog } from '../../src/providers/aws/catalog.ts'
import { readAwsFailure } from '../../src/providers/aws/failures.ts'
import { imageOf } from '../../src/providers/aws/images.ts'
import { dataMountOf } from '../../src/providers/first-boot.ts'
import { Secret } from '../../src/core/secret.ts'

describe('the catalogue', () => {
  it('has the figures of AWS for a size', () => {
    const { bootModes, ...size } = awsCatalog({ region: 'us-east-1', rootGiB: 20 }).sizes.find(({ name }) => name === 't3.small') ?? assert.fail()
    const expected = { cpus: 2, memoryMiB: 2048, architecture: 'x86_64', burstable: true, bareMetal: false, maxNics: 3, nvme: true, ena: true }
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(size[key as keyof typeof size], value, key)
    assert.deepEqual(bootModes, ['bios', 'efi'])
    assert.ok(size.monthlyPrice !== null && size.monthlyPrice.amount > 10 && size.monthlyPrice.amount < 20)
  })
  it('has no price of a region for which it knows none, and says so', () => {
    const catalog = awsCatalog({ region: 'eu-central-1', rootGiB: 20 })
    assert.ok(catalog.sizes.every(({ monthlyPrice }) => monthlyPrice === null))
    assert.equal(catalog.volumePrice, null)
    assert.match(catalog.origin, /no prices of eu-central-1$/)
  })
  it('agrees with an older list of prices for most sizes, and is never half or double of it', async (t) => {
    const file = `${process.env.LIFEBOAT_FIXTURES ?? '../shared/fixtures'}/aws/ec2-instances-info/generated_instances_data.txt`
    const text = await readFile(file, 'utf8').catch(() => null)
    if (text === null) return t.skip(`${file} is not there`)
    const listed = new Map(
      [...text.matchAll(/Instance type: (\S+),.*?Linux OD cost in us-east-1: ([\d.]+)/g)].map(([, name, price]) => [name, Number(price) * 730]),
    )
    const both = awsCatalog({ region: 'us-east-1', rootGiB: 20 }).sizes.flatMap(({ name, monthlyPrice }) => {
      const before = listed.get(name)
      return monthlyPrice !== null && before !== undefined && before > 0 ? [monthlyPrice.amount / before] : []
    })
    assert.ok(both.length > 100)
    assert.ok(both.every((ratio) => ratio > 0.5 && ratio < 2))
    assert.ok(both.filter((ratio) => Math.abs(ratio - 1) < 0.01).length > both.length * 0.8)
  })
})

describe('where the data volume is mounted', () => {
  it('is a free directory above all roots', () => {
    assert.equal(dataMountOf(['/srv/shop']), '/srv')
    assert.equal(dataMountOf(['/srv/shop', '/srv/media/a']), '/srv')
    assert.equal(dataMountOf([]), '/srv')
  })
  it('is a root itself where the system lives beside it', () => {
    assert.equal(dataMountOf(['/var/lib/postgresql']), '/var/lib/postgresql')
    assert.equal(dataMountOf(['/var/www', '/var/www/shop/uploads']), '/var/www')
  })
  it('is never above what the system needs, and holds every root', () => {
    const part = fc.constantFrom('srv', 'var', 'lib', 'www', 'usr', 'home', 'shop')
    const root = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`)
    fc.assert(
      fc.property(fc.array(root, { minLength: 1, maxLength: 4 }), (roots) => {
        const mount = dataMountOf(roots)
        if (mount === null) return
        assert.ok(roots.every((one) => one === mount || one.startsWith(`${mount}/`)))
        assert.ok(['/srv', '/home'].includes(mount) || roots.includes(mount))
      }),
    )
  })
})

describe('an image', () => {
  it('is looked up by the name of its publisher for the architecture', () => {
    assert.deepEqual(imageOf('debian-12', 'arm64', {}), { owner: '136693071363', name: 'debian-12-arm64-*' })
    assert.equal(imageOf('ami-785db401', 'x86_64', {}), 'ami-785db401')
  })
  it('can be added or replaced in the configuration', () => {
    assert.deepEqual(imageOf('debian-12', 'x86_64', { 'debian-12': { owner: 'self', name: 'ours-*' } }), { owner: 'self', name: 'ours-*' })
  })
  it('that is not known is refused with those that are', () => {
    assert.throws(() => imageOf('debian-7', 'x86_64', {}), { code: 'config-invalid', message: /debian-12, debian-13/ })
  })
})

test('what AWS says is read as refused, unreachable or something else', () => {
  const said = {
    refused: [
      'InstanceLimitExceeded: You have requested more instances (9) than your current limit',
      'VcpuLimitExceeded: You have requested more vCPU capacity',
      'InsufficientInstanceCapacity: We currently do not have sufficient t3.small capacity',
      'AddressLimitExceeded: The maximum number of addresses has been reached.',
      'Unsupported: Your requested instance type (t3.small) is not supported in your requested Availability Zone',
    ],
    unreachable: [
      'AuthFailure: AWS was not able to validate the provided access credentials',
      'UnauthorizedOperation: You are not authorized to perform this operation.',
      'RequestError: send request failed caused by: Post "https://ec2": dial tcp: lookup ec2: no such host',
      'error configuring Terraform AWS Provider: no valid credential sources for Terraform AWS Provider found.',
    ],
    other: ['InvalidParameterValue: Invalid CIDR', 'RequestLimitExceeded: Request limit exceeded.', ''],
  }
  for (const message of said.refused) assert.equal(readAwsFailure(message), 'refused', message)
  for (const message of said.unreachable) assert.equal(readAwsFailure(message), 'unreachable', message)
  for (const message of said.other) assert.equal(readAwsFailure(message), null, message)
})

describe('the configuration', () => {
  const base = { kind: 'aws', region: 'eu-central-1' }
  it('refuses keys that it does not know, and a region that is none', () => {
    assert.ok(awsProvider.schema.safeParse(base).success)
    assert.ok(!awsProvider.schema.safeParse({ ...base, regoin: 1 }).success)
    assert.ok(!awsProvider.schema.safeParse({ ...base, region: 'Frankfurt' }).success)
  })
  it('wants both keys or none, and not beside a profile', async () => {
    const key = new Secret('AKIA')
    const make = (keys: object) => awsProvider.target?.('new', awsProvider.schema.parse({ ...base, ...keys }), 'shop') ?? assert.fail()
    await assert.rejects(make({ accessKey: key }), { code: 'config-invalid' })
    await assert.rejects(make({ accessKey: key, secretKey: key, profile: 'shop' }), { code: 'config-invalid' })
    assert.ok(await make({ profile: 'shop' }))
  })
  it('hides the keys of the caller from the plugin when a profile is named', async () => {
    const target = await awsProvider.target?.('new', awsProvider.schema.parse({ ...base, profile: 'shop' }), 'shop')
    assert.equal(target?.engine.environment.AWS_PROFILE, 'shop')
    assert.equal(target?.engine.environment.AWS_ACCESS_KEY_ID, '')
  })
})
