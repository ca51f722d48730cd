// The checks of a move, run from outside against an address, or on the node itself. Only what passes on the side that
// serves is asked of the other: a check that was red before says nothing about the switch.
import { connect } from 'node:net'
import { request } from 'undici'
import { describeCheck, type StoredCheck } from '../core/stored-move.ts'
import type { Link } from './link.ts'

export type CheckResult = { readonly check: string; readonly passed: boolean; readonly text: string; readonly ms: number }

/** Runs all checks side by side; each has its own time limit. */
export async function runChecks(checks: readonly StoredCheck[], link: Link, signal: AbortSignal): Promise<readonly CheckResult[]> {
  return await Promise.all(checks.map(async (check) => await runCheck(check, link, signal)))
}

async function runCheck(check: StoredCheck, link: Link, signal: AbortSignal): Promise<CheckResult> {
  const began = performance.now()
  const limit = AbortSignal.any([signal, AbortSignal.timeout(check.timeoutMs)])
  const failure = await tryCheck(check, link, limit).catch((error: unknown) =>
    limit.aborted ? `no answer within ${check.timeoutMs / 1000} s` : messageOf(error),
  )
  signal.throwIfAborted()
  const ms = Math.round(performance.now() - began)
  return { check: describeCheck(check), passed: failure === null, text: failure ?? 'passed', ms }
}

/** Null when the check passes, else what was wrong. */
async function tryCheck(check: StoredCheck, link: Link, signal: AbortSignal): Promise<string | null> {
  switch (check.kind) {
    case 'http': {
      const answer = await request(check.url.replaceAll('{address}', bracketed(link.address)), { signal, headers: { connection: 'close' } })
      await answer.body.dump()
      return answer.statusCode === check.expect ? null : `answered ${answer.statusCode}, expected ${check.expect}`
    }
    case 'tcp':
      await acceptsTcp(link.address, check.port, signal)
      return null
    case 'command': {
      const result = await link.run(['sh', '-c', check.command.replaceAll('{address}', link.address)], { signal, deadlineMs: check.timeoutMs })
      return result.exitCode === 0 ? null : `ended with ${result.exitCode}: ${result.stderr.trim().split('\n').at(-1) ?? ''}`
    }
    case 'sql':
      return 'checks of kind sql are run by the mover of that database'
  }
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
