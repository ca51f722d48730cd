// The import table of the house (design §4) as data. `may` names our own folders that a folder may import besides itself.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import ts from 'typescript'

const root = path.join(import.meta.dirname, '..')
const contracts = ['providers/provider', 'movers/mover', 'dns/provider', 'provision/engine']
/** What several rooms of one folder share, beside its contract. */
const shared = [
  'providers/first-boot',
  'providers/https-api',
  'providers/image-names',
  'providers/json-api',
  'providers/node-outputs',
  'providers/ownership',
  'providers/read-back',
  'providers/said',
  'providers/size-list',
  'movers/act',
]
const pureNames = ['dns/names', 'dns/agreement', 'dns/address']

const table: Readonly<Record<string, readonly string[]>> = {
  core: [],
  config: ['core', 'io'],
  io: ['core', 'version'],
  providers: ['core', 'io', 'nodes', 'stacks', ...contracts],
  movers: ['core', 'io', 'nodes'],
  dns: ['core', 'io'],
  nodes: ['core', 'io'],
  provision: ['core', 'io', 'stacks', ...contracts],
  stacks: ['core', ...contracts],
  watch: ['core', 'io', ...contracts],
  workflows: ['core', 'io', 'nodes', 'watch', ...contracts, ...pureNames],
  report: ['core'],
  ui: ['core'],
  server: ['app', 'workflows', 'report', 'core', 'version'],
  controller: ['app', 'workflows', 'report', 'server', 'watch', 'config/find', 'config/schema', 'core', 'io', 'version'],
  commands: ['controller/client', 'controller/worker', 'controller/serve', 'controller/watch', 'controller/move-database', 'ui', 'config', 'core', 'adapters'],
}
const wires = ['app', 'adapters', 'cli', 'index', 'version']
/** What plain `pulumi` runs: it wires the layers as the app does. */
const entries = ['stacks/index']
/** Of packages, core may use zod alone, and only engine code may see the Automation API. */
const packages: Readonly<Record<string, (name: string) => boolean>> = {
  core: (name) => name === 'zod',
  workflows: (name) => !name.startsWith('@pulumi/') && !name.startsWith('@aws-sdk/'),
  ui: (name) => !name.startsWith('@pulumi/') && !name.startsWith('@dbos'),
}

type Import = { readonly file: string; readonly from: string; readonly to: string }

const files = globSync(['src/**/*.ts', 'stacks/**/*.ts'], { cwd: root })
const imports = files.flatMap((file): Import[] => {
  const text = readFileSync(path.join(root, file), 'utf8')
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => ({ file, from: placeOf(file), to: targetOf(file, fileName) }))
})

/** `core/plan` for src/core/plan.ts, `stacks/net` for stacks/net.ts. */
function placeOf(file: string): string {
  return file.replace(/^src\//, '').replace(/\.ts$/, '')
}

function targetOf(file: string, name: string): string {
  return name.startsWith('.') ? placeOf(path.posix.join(path.posix.dirname(file), name)) : `package:${name}`
}

const folderOf = (place: string): string => place.split('/')[0] ?? place

test('each folder imports only what the table of the house allows', () => {
  const wrong = imports.filter(({ from, to }) => {
    const folder = folderOf(from)
    if (to.startsWith('package:') || wires.includes(folder) || entries.includes(from) || folderOf(to) === folder) return false
    const may = table[folder]
    return may === undefined || !(may.includes(folderOf(to)) || may.includes(to))
  })
  assert.deepEqual(
    wrong.map(({ file, to }) => `${file} imports ${to}`),
    [],
  )
})

test('adapters never import each other', () => {
  const rooms = ['providers', 'movers']
  const wrong = imports.filter(({ from, to }) => {
    const [folder = '', room = ''] = from.split('/')
    return rooms.includes(folder) && folderOf(to) === folder && !contracts.includes(to) && !shared.includes(to) && to.split('/')[1] !== room
  })
  assert.deepEqual(
    wrong.map(({ file, to }) => `${file} imports ${to}`),
    [],
  )
})

test('packages stay in the rooms that may use them', () => {
  const wrong = imports.filter(({ from, to }) => {
    const allowed = packages[folderOf(from)]
    return to.startsWith('package:') && allowed !== undefined && !to.startsWith('package:node:') && !allowed(to.slice(8))
  })
  const impure = imports.filter(({ from, to }) => folderOf(from) === 'core' && to.startsWith('package:node:'))
  assert.deepEqual(
    [...wrong, ...impure].map(({ file, to }) => `${file} imports ${to}`),
    [],
  )
})

test('the Automation API is imported in provision/ alone', () => {
  const wrong = imports.filter(({ from, to }) => to.startsWith('package:@pulumi/pulumi/automation') && folderOf(from) !== 'provision')
  assert.deepEqual(
    wrong.map(({ file }) => file),
    [],
  )
})

test('nothing of the product imports lab, bench or test', () => {
  const wrong = imports.filter(({ to }) => /^(\.\.\/)*(lab|bench|test)\//.test(to))
  assert.deepEqual(
    wrong.map(({ file, to }) => `${file} imports ${to}`),
    [],
  )
})
