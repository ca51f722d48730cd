// What `npm pack` makes is whole: installed elsewhere it runs, and it brings the program for the nodes.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { exec } from '../../src/io/exec.ts'
import { stopController } from '../support/cli.ts'

const root = path.resolve(import.meta.dirname, '../..')

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const deadlineMs = 15 * 60_000
  const result = await exec(program, args, { signal: AbortSignal.timeout(deadlineMs), deadlineMs, cwd })
  assert.equal(result.exitCode, 0, `${program} ${args.join(' ')}: ${result.stdout}${result.stderr}`)
  return result.stdout
}

/** Packages of package-lock.json that an installation without development gets from the registry, at the top of node_modules. */
function productionPackages(): string[] {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { dev?: boolean; link?: boolean }> }
  const found = Object.entries(packages).filter(([place, { dev, link }]) => dev !== true && link !== true && /^node_modules\/(@[^/]+\/)?[^/]+$/.test(place))
  return found.map(([place]) => place.slice('node_modules/'.length))
}

/** Unpacks the tarball into a folder of its own, with links in place of what the registry would bring. */
async function install(tarball: string, folder: string): Promise<string> {
  const modules = path.join(folder, 'node_modules')
  mkdirSync(modules, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', folder], folder)
  cpSync(path.join(folder, 'package'), path.join(modules, 'lifeboat'), { recursive: true })
  for (const name of productionPackages()) {
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true })
    symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
  }
  return path.join(modules, 'lifeboat')
}

/** Machine of a 64-bit ELF file, and whether it needs a program interpreter, as everything does that is linked dynamically. */
function elf(file: string): { readonly machine: number; readonly isStatic: boolean } {
  const bytes = readFileSync(file)
  assert.equal(bytes.subarray(0, 5).toString('latin1'), '\x7fELF\x02', file)
  const [start, size, count] = [Number(bytes.readBigUInt64LE(0x20)), bytes.readUInt16LE(0x36), bytes.readUInt16LE(0x38)]
  const types = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(start + index * size))
  return { machine: bytes.readUInt16LE(0x12), isStatic: !types.includes(3) }
}

test('a packed Lifeboat', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-pack-'))
  t.after(async () => {
    await stopController(path.join(folder, '.lifeboat'))
    rmSync(folder, { recursive: true, force: true })
  })
  const packed = await run('npm', ['pack', '--silent', '--pack-destination', folder], root)
  const installed = await install(path.join(folder, packed.trim().split('\n').at(-1) ?? ''), folder)
  const lifeboat = async (...args: string[]): Promise<string> => await run(process.execPath, [path.join(installed, 'dist/src/cli.js'), ...args], folder)

  await t.test('holds no lab, no tests and no sources', async () => {
    const files = (await run('find', ['.', '-type', 'f'], installed)).trim().split('\n')
    assert.deepEqual(
      files.filter((file) => /^\.\/(lab|test|bench|src|stacks|helper)\//.test(file) || (file.endsWith('.ts') && !file.startsWith('./node_modules/'))),
      [],
    )
    assert.ok(files.includes('./dist/src/providers/aws/catalog-sizes.json'))
    assert.ok(files.includes('./dist/src/nodes/inside/run.sh'))
  })

  await t.test('brings the SDK that no registry has', async () => {
    const module = path.join(installed, 'dist/src/providers/vsphere/target.js')
    assert.equal(
      await run(process.execPath, ['-e', `import(${JSON.stringify(module)}).then((all) => console.log(Object.keys(all).join()))`], folder),
      'createVsphereTarget\n',
    )
  })

  await t.test('says its version, its commands and its schema', async () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }
    assert.equal(await lifeboat('--version'), `${version}\n`)
    assert.match(await lifeboat('--help'), /migrate .*\n[^]*rollback/)
    assert.match(await lifeboat('schema'), /"moves"/)
  })

  await t.test('starts its controller', async () => {
    writeFileSync(path.join(folder, 'lifeboat.yaml'), 'project: shop\nproviders:\n  old: { kind: static, nodes: [ { name: web-1, address: 192.0.2.1 } ] }\n')
    assert.deepEqual(JSON.parse(await lifeboat('status', '--json')), { schema: 'lifeboat.status/1', moves: [] })
  })

  await t.test('brings the program for nodes of both architectures, which needs no library there', () => {
    const helper = (name: string) => elf(path.join(installed, 'dist/helper', `lifeboat-helper-linux-${name}`))
    assert.deepEqual(helper('amd64'), { machine: 62, isStatic: true })
    assert.deepEqual(helper('arm64'), { machine: 183, isStatic: true })
  })
})
