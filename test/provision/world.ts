// What the tests of provisioning share: the lab's AWS and engine, and a project of their own.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EC2Client } from '@aws-sdk/client-ec2'
import { z } from 'zod'
import type { PlannedMove } from '../../src/core/plan.ts'
import { Secret } from '../../src/core/secret.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { awsSchema } from '../../src/providers/aws/schema.ts'
import { createAwsTarget } from '../../src/providers/aws/target.ts'
import type { Target } from '../../src/providers/provider.ts'
import { startMoto } from '../support/moto.ts'
import type { Engine } from '../../src/provision/engine.ts'
import { createEngine, type EngineOptions } from '../../src/provision/pulumi.ts'

const lab = fileURLToPath(new URL('../../.lab/', import.meta.url))
export const plugin = join(lab, 'pulumi-home/plugins/resource-aws-v7.48.0/pulumi-resource-aws')
const needed = [join(lab, 'bin/pulumi'), join(lab, 'bin/moto_server'), plugin]

/** For `skip:` of node:test: what `lab/setup` has not made, or false. */
export const missing: string | false = missingOf(...needed)

export function missingOf(...paths: readonly string[]): string | false {
  return paths.every((path) => existsSync(path)) ? false : `bash lab/setup makes what is missing of ${paths.join(', ')}`
}

/** Secrets that nothing may show. */
export const canaries = {
  passphrase: 'canary-passphrase-6f1d',
  accessKey: 'AKIACANARY0000000000',
  secretKey: 'canary/secret+key-9c2e7d',
  password: 'canary-Pa55<>"word',
} as const

/** The environment of the engine in the lab. */
export const labEnvironment = {
  PATH: `${join(lab, 'bin')}:${process.env.PATH ?? ''}`,
  PULUMI_HOME: join(lab, 'pulumi-home'),
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
}

export const authorizedKeys = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGm1nZ0kq3dPVp2cWq0pJx0q8m2m2v0m8m9u0m8m9u0m ops@shop.example']

/** An image that every new AWS of the lab has. */
export const labImage = 'ami-785db401'

export type SimulatedAws = {
  readonly url: string
  readonly client: EC2Client
  readonly refuse: (order: { code: string; count: number; instanceType: string; message?: string }) => Promise<void>
  readonly instances: () => Promise<readonly LabInstance[]>
  readonly stop: () => Promise<void>
}

const labAnswer = z.object({
  instances: z.array(
    z.object({
      id: z.string(),
      state: z.string(),
      tags: z.record(z.string(), z.string()),
      elasticAddress: z.string().nullable(),
      volumes: z.array(z.object({ id: z.string(), root: z.boolean() })),
    }),
  ),
})

export type LabInstance = z.infer<typeof labAnswer>['instances'][number]

export async function startAws(): Promise<SimulatedAws> {
  const { url, get, post, stop } = await startMoto()
  const client = new EC2Client({ region: 'us-east-1', endpoint: url, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } })
  return {
    url,
    client,
    refuse: (order) => post('/lab/refuse', order),
    instances: async () => labAnswer.parse(await get('/lab/instances')).instances,
    stop: async () => {
      client.destroy()
      await stop()
    },
  }
}

export type Bucket = {
  /** Where the engine keeps its state in it. */
  readonly backendUrl: string
  /** Keys that begin so. */
  readonly list: (prefix: string) => Promise<readonly string[]>
  readonly put: (key: string, body: string) => Promise<void>
}

/** A bucket of the simulated AWS. */
export async function bucketOn({ url }: SimulatedAws): Promise<Bucket> {
  const at = `${url}/shop-state`
  const put = async (path: string, body?: string) => {
    const answer = await fetch(at + path, { method: 'PUT', ...(body === undefined ? {} : { body }) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  }
  await put('')
  return {
    backendUrl: `s3://shop-state?region=us-east-1&endpoint=${encodeURIComponent(url)}&use_path_style=true&disable_https=true`,
    list: async (prefix) => {
      const text = await (await fetch(`${at}?list-type=2&prefix=${encodeURIComponent(prefix)}`)).text()
      return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key)
    },
    put: async (key, body) => await put(`/${key}`, body),
  }
}

export async function makeStateFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'lifeboat-provision-'))
}

export async function removeStateFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

/** An engine on a state folder, with the secrets that nothing may show. */
export function engineOn(stateFolder: string, more: Partial<EngineOptions> = {}): Engine {
  return createEngine({
    project: 'shop',
    stateFolder,
    backendUrl: `file://${stateFolder}/pulumi/state`,
    passphrase: new Secret(canaries.passphrase),
    environment: labEnvironment,
    ...more,
  })
}

export function targetAt(url: string): Target {
  const keys = { accessKey: new Secret(canaries.accessKey), secretKey: new Secret(canaries.secretKey) }
  return createAwsTarget('new', awsSchema.parse({ kind: 'aws', region: 'us-east-1', endpoint: url, ...keys }))
}

export function plannedMove(name: string, changes: { volumeGiB?: number; ports?: number[]; size?: string; image?: string } = {}): PlannedMove {
  return {
    name,
    project: 'shop',
    from: { provider: 'old', id: 'vm-42', name, address: '192.0.2.10' },
    to: {
      provider: 'new',
      kind: 'aws',
      size: changes.size ?? 't3.small',
      image: changes.image ?? labImage,
      reasons: [],
      alternatives: [],
      monthlyCost: null,
      volumeGiB: changes.volumeGiB ?? 0,
      address: null,
    },
    path: 'direct',
    forecastPauseMs: null,
    steps: [],
    after: [],
    ports: (changes.ports ?? []).map((port) => ({ port, protocol: 'tcp' as const, proxyProtocol: false })),
    roots: ['/srv/shop'],
    blockers: [],
    warnings: [],
  }
}

/** Engines and plugins that work below this folder, or on it. */
export async function processesOn(folder: string): Promise<{ pid: number; name: string; commandLine: string }[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      if (!environment.includes(`=${folder}/`) && !environment.includes(`=${folder}\0`)) return []
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return name.startsWith('pulumi') ? [{ pid: Number(pid), name: name.trim(), commandLine }] : []
    }),
  )
  return found.flat()
}

/** Files below a folder that hold one of the texts. */
export async function filesWith(folder: string, texts: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const hits = await Promise.all(files.map(async (file) => ((await readFile(file)).toString('latin1').match(pattern(texts)) ? [file] : [])))
  return hits.flat()
}

function pattern(texts: readonly string[]): RegExp {
  const forms = texts.flatMap((text) => [text, Buffer.from(text).toString('base64').replace(/=+$/, '')])
  return new RegExp(forms.map((form) => form.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'))
}

/** Resolves once the stored state of a stack holds an operation that was begun and not confirmed: the engine tells before it writes. */
export async function untilPending(stateFolder: string, stack: string, signal: AbortSignal): Promise<void> {
  const files = () => globSync(`${stateFolder}/pulumi/state/.pulumi/stacks/**/${stack}.json`)
  const isPending = (file: string) => /"pending_operations":\s*\[\s*\{/.test(readFileSync(file, 'utf8'))
  const pending = async () => await Promise.resolve(files().some(isPending) ? true : null)
  await waitUntil(pending, { what: `A pending operation of ${stack}`, deadlineMs: 20_000, everyMs: 20, signal })
}
