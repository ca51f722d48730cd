// Bad weather on nodes of the lab that more than one scenario needs.
import { readdirSync, readlinkSync } from 'node:fs'
import type { LabNode } from '../../lab/node.ts'
import { waitUntil } from '../../src/io/wait.ts'

/** Waits until more than a MiB of a file of this name, or of its unfinished copy, lies on a node. */
export async function partArrives(node: LabNode, folder: string, name: string): Promise<void> {
  const found = async () => ((await node.attempt(`find ${folder} -name '*${name}*' -size +1M | grep .`)).exitCode === 0 ? true : null)
  await waitUntil(found, { what: `A part of ${name} on ${node.name}`, deadlineMs: 60_000, everyMs: 100, signal: AbortSignal.timeout(60_000) })
}

/** Ends the connection that passes of web-1 share: one that is open already does not notice a link that becomes slow. */
export async function endWarm(node: LabNode): Promise<void> {
  await node.attempt('ssh -S /run/lifeboat-web-1/copies -O exit peer')
}

const helper = 'lifeboat-web-1-helper.service'

/** Kills the helper of web-1 as `kill -9` does. `meanwhile`: while it is dead. Waits until it is back. */
export async function killHelper(node: LabNode, meanwhile: () => Promise<unknown> = async () => await Promise.resolve()): Promise<void> {
  await node.run(`systemctl kill --signal=KILL ${helper}`)
  await meanwhile()
  const alive = async () => ((await node.attempt(`systemctl is-active --quiet ${helper}`)).exitCode === 0 ? true : null)
  await waitUntil(alive, { what: 'The return of the helper', deadlineMs: 10_000, everyMs: 20, signal: AbortSignal.timeout(10_000) })
}

/** Stops all that runs on a node, as its host does that suspends it: time goes on. Answers how to wake it. */
export function suspend(node: LabNode): () => void {
  const first = node.pid()
  if (first === null) throw new Error(`${node.name} is off.`)
  const space = (pid: string | number) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`)
    } catch {
      return null // it has ended
    }
  }
  const its = space(first)
  const processes = () => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && space(pid) === its)
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => (pid: string) => {
    try {
      process.kill(Number(pid), name)
    } catch {
      // It has ended meanwhile.
    }
  }
  // What was begun while others were stopped is found by the second look.
  for (let looks = 0; looks < 2; looks++) processes().forEach(signal('SIGSTOP'))
  return () => processes().forEach(signal('SIGCONT'))
}
