// The process of an open world: holds it, and does on a unix socket what the commands of lab.ts ask for.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { connect } from 'node:net'
import path from 'node:path'
import { z } from 'zod'
import { enterLab } from './enter.ts'
import { causeFault, faultKinds, type FaultKind } from './faults.ts'
import { hostTitles, isHostKind } from './host.ts'
import { prepared, repository } from './place.ts'
import { shopNodes, type ShopNode } from './shop/nodes.ts'
import type { Traffic } from './traffic.ts'
import type { WorldSpec } from './spec.ts'
import { startWorld, type World } from './world.ts'

/** On the machine's own disk, so that it can be read from outside: socket, lifeboat.yaml, log. */
export const openWorldFolder = path.join(prepared, 'world')
export const socketName = 'socket'

export type Choice = { readonly from: string; readonly to: string }

export function specOf({ from, to }: Choice): WorldSpec {
  if (!isHostKind(from) && from !== 'static') throw new Error(`--from is ${Object.keys(hostTitles).join(', ')} or static, not ${from}.`)
  if (to !== 'aws' && to !== 'static') throw new Error(`--to is aws or static, not ${to}.`)
  const host = isHostKind(from) ? { host: from } : {}
  return { sources: ['web-1', 'web-2', 'files-1'], targets: to, names: true, databases: true, ...host, folder: path.join(openWorldFolder, 'shop') }
}

/** Starts a world and serves until somebody asks for its end. */
export async function serveWorld(choice: Choice): Promise<never> {
  await enterLab()
  const world = await startWorld(specOf(choice))
  writeWrapper()
  const does = actions(world)
  await listen(async (where, asked) => {
    const act = does[where]
    if (!act) throw new Error(`Nobody knows ${where}.`)
    return await act(asked)
  })
  await world.stop()
  process.exit(0)
}

/** What can be asked of an open world; each answers text for people. */
function actions(world: World): Readonly<Record<string, (asked: unknown) => Promise<string>>> {
  let traffic: Traffic | null = null
  return {
    '/status': async () => await describe(world, traffic),
    '/traffic': async (asked) => {
      const { what } = z.object({ what: z.string() }).parse(asked)
      if (what === 'stop') {
        const ended = traffic
        traffic = null
        const figures = await ended?.stop()
        return figures ? `${figuresText(figures)}, lost writes ${count(await world.lostWrites(figures))}\n` : 'No customers were there.\n'
      }
      if (traffic) return `${figuresText(traffic.figures())} so far\n`
      traffic = world.customers(what === 'start' ? 10 : z.coerce.number().positive().max(500).parse(what))
      return `Customers have come. Samples: ${traffic.samples}\n`
    },
    '/pid': async (asked) => {
      const { node } = z.object({ node: z.string() }).parse(asked)
      const found = world.nodes.get(node) ?? world.hypervisor?.nodes().get(node)
      if (!found) throw new Error(`There is no node ${node} here. There are: ${[...world.nodes.keys()].join(', ')}.`)
      const pid = found.pid()
      if (pid === null) throw new Error(`${node} is off.`)
      return await Promise.resolve(`${pid}\n`)
    },
    '/fault': async (asked) => {
      const { subject, kind } = z.object({ subject: z.string(), kind: z.string() }).parse(asked)
      if (!isKind(kind)) throw new Error(`There is no fault ${kind}. There are: ${[...faultKinds().map((each) => each.kind), 'none'].join(', ')}.`)
      await causeFault(world, subject, kind)
      return `${subject}: ${kind === 'none' ? 'mended' : kind}\n`
    },
  }
}

function isKind(kind: string): kind is FaultKind | 'none' {
  return kind === 'none' || faultKinds().some((each) => each.kind === kind)
}

/** `lifeboat` for shells in the world. */
function writeWrapper(): void {
  const folder = path.join(openWorldFolder, 'bin')
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, 'lifeboat')
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${path.join(repository, 'src/cli.ts')}' "$@"\n`)
  chmodSync(file, 0o755)
}

/** Serves until `/down`. CONNECT leads to a port of the world. */
async function listen(answer: (where: string, asked: unknown) => Promise<string>): Promise<void> {
  // A path relative to the folder: the path of a socket has at most 107 bytes, that of a clone may be longer.
  process.chdir(openWorldFolder)
  rmSync(socketName, { force: true })
  const server = http.createServer()
  const over = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    server.on('request', (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        if (request.url === '/down') {
          response.end('down\n')
          return resolve()
        }
        const asked: unknown = JSON.parse(Buffer.concat(chunks).toString() || '{}')
        answer(request.url ?? '', asked).then(
          (text) => response.end(text),
          (error: unknown) => response.writeHead(400).end(error instanceof Error ? error.message : String(error)),
        )
      })
    })
  })
  server.on('connect', (request, near, head) => {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(request.url ?? '') ?? []
    const far = connect({ host, port: Number(port) })
    far.once('connect', () => {
      near.write('HTTP/1.1 200 OK\r\n\r\n')
      if (head.length > 0) far.write(head)
      far.pipe(near).pipe(far)
    })
    far.on('error', () => near.destroy())
    near.on('error', () => far.destroy())
  })
  await new Promise<void>((resolve) => server.listen(socketName, resolve))
  chmodSync(socketName, 0o600)
  await over
  rmSync(socketName, { force: true })
}

async function describe(world: World, traffic: Traffic | null): Promise<string> {
  const nodes = [...world.nodes.values(), ...(world.hypervisor?.nodes().values() ?? [])]
  const lines = nodes.map((node) => `${node.name.padEnd(22)}${node.power().padEnd(5)}${node.addresses().join(' ')}`)
  for (const { dnsName } of world.spec.sources.map((name: ShopNode) => shopNodes[name])) {
    lines.push(`${dnsName.padEnd(22)}${'A'.padEnd(5)}${(await world.names?.addressesOf(dnsName).catch(() => ['no answer']))?.join(' ') ?? ''}`)
  }
  if (world.host && world.spec.host) lines.push(`${hostTitles[world.spec.host].padEnd(27)}${world.host.url}`)
  if (world.cloud) lines.push(`${'AWS'.padEnd(27)}${world.cloud.endpoint}`)
  lines.push(traffic ? `customers: ${figuresText(traffic.figures())}` : 'customers: none')
  lines.push(...world.complaints.map((text) => `complaint: ${text}`))
  return `${lines.join('\n')}\n`
}

function figuresText({ requests, failed, retried, longestPauseMs }: ReturnType<Traffic['figures']>): string {
  return `${requests} requests, ${failed} failed, ${retried} retried, longest pause ${longestPauseMs} ms`
}

function count(lost: Record<string, readonly string[]>): number {
  return Object.values(lost).flat().length
}
