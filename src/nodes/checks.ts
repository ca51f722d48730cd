// The checks of a move, run from outside against an address, or on the node itself. Only what passes on the side that
// serves is asked of the other: a check that was red before says nothing about the switch.
import http from 'node:http'
import https from 'node:https'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { messageOf } from '../core/errors.ts'
import { describeCheck, type StoredCheck } from '../core/stored-move.ts'
import type { Link } from './link.ts'

export type CheckResult = { readonly check: string; readonly passed: boolean; readonly text: string; readonly ms: number }

/** A side that holds its clients lets its peer alone pass: these ports are then checked by way of the peer. */
export type Way = { readonly ports: readonly number[]; readonly dial: Link['dialPeer'] }

/** What is checked, and a way to run a command there. */
type Node = Pick<Link, 'address' | 'run'>

/** Runs a statement in the database of this name under `data:`, on the side that is checked; fails with what the server says. */
export type AskDatabase = (data: string, statement: string, signal: AbortSignal) => Promise<void>

export type Means = { readonly askDatabase: AskDatabase; readonly way?: Way | null }

/** Runs all checks side by side; each has its own time limit. */
export async function runChecks(checks: readonly StoredCheck[], link: Node, signal: AbortSignal, means: Means): Promise<readonly CheckResult[]> {
  return await Promise.all(checks.map(async (check) => await runCheck(check, link, signal, means)))
}

async function runCheck(check: StoredCheck, link: Node, signal: AbortSignal, means: Means): Promise<CheckResult> {
  const began = performance.now()
  const limit = AbortSignal.any([signal, AbortSignal.timeout(check.timeoutMs)])
  const failure = await tryCheck(check, link, limit, means).catch((error: unknown) =>
    limit.aborted ? `no answer within ${check.timeoutMs / 1000} s` : messageOf(error),
  )
  signal.throwIfAborted()
  const ms = Math.round(performance.now() - began)
  return { check: describeCheck(check), passed: failure === null, text: failure ?? 'passed', ms }
}

/** Null when the check passes, else what was wrong. */
async function tryCheck(check: StoredCheck, link: Node, signal: AbortSignal, { askDatabase, way }: Means): Promise<string | null> {
  const socketTo = async (port: number) => (way?.ports.includes(port) === true ? await way.dial(port, signal) : null)
  switch (check.kind) {
    case 'http': {
      const url = new URL(check.url.replaceAll('{address}', bracketed(link.address)))
      const status = await statusOf(url, check.url.includes('{address}') ? await socketTo(portOf(url)) : null, signal)
      return status === check.expect ? null : `answered ${status}, expected ${check.expect}`
    }
    case 'tcp': {
      const socket = await socketTo(check.port)
      if (socket === null) await acceptsTcp(link.address, check.port, signal)
      else socket.destroy()
      return null
    }
    case 'command': {
      const result = await link.run(['sh', '-c', check.command.replaceAll('{address}', link.address)], { signal, deadlineMs: check.timeoutMs })
      return result.exitCode === 0 ? null : `ended with ${result.exitCode}: ${result.stderr.trim().split('\n').at(-1) ?? ''}`
    }
    case 'sql':
      await askDatabase(check.data, check.sql, signal)
      return null
  }
}

/** The ports that checks of this node go to. */
export function portsOf(checks: readonly StoredCheck[]): readonly number[] {
  return checks.flatMap((check) => {
    if (check.kind === 'tcp') return [check.port]
    return check.kind === 'http' ? [portOf(new URL(check.url.replaceAll('{address}', 'localhost')))] : []
  })
}

function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
}

/** The status of one GET, over this socket or one of its own; the whole answer is read. */
async function statusOf(url: URL, socket: Duplex | null, signal: AbortSignal): Promise<number> {
  const isSecure = url.protocol === 'https:'
  const connection = socket !== null && isSecure ? tls.connect({ socket, servername: url.hostname }) : socket
  // With an agent, and `false` makes one, Node would not ask for our connection.
  const options = { signal, headers: { connection: 'close' }, ...(connection === null ? { agent: false } : { createConnection: () => connection }) }
  return (await new Promise((resolve, reject) => {
    const asked = (isSecure ? https : http).request(url, options, (answer) => {
      answer.once('end', () => resolve(answer.statusCode ?? 0))
      answer.once('error', reject)
      answer.resume()
    })
    asked.once('error', reject)
    asked.end()
  }).finally(() => socket?.destroy())) as number
}

/** Opens a connection and closes it; rejects when it is refused or the signal ends it. */
export async function acceptsTcp(address: string, port: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: address, port, signal })
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
