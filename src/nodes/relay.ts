// Where a node does not reach the ssh of the other side, this process carries it there: sshd of the node listens on a
// socket for us (ssh -R), and what connects to it comes out at the other side's sshd. Keys and rights are as on the
// direct way; all that passes here is encrypted between the two nodes.
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import type { Conversation, Ssh } from '../io/ssh.ts'
import { sleep, waitUntil } from '../io/wait.ts'

export type Relay = {
  /** Waits until the way stands. Fails with `timeout`. */
  readonly stands: (deadlineMs: number, signal: AbortSignal) => Promise<void>
  readonly close: () => void
}

const againAfterMs = 1000

/** Opens the way, and again whenever it ends, until it is closed. */
export function keepRelay(ssh: Ssh, move: string, to: { readonly address: string; readonly port: number }): Relay {
  const closed = new AbortController()
  let talk: Conversation | null = null
  let isOpen = false
  const open = async (): Promise<void> => {
    // The newest by its name is the one that a node tries first (docs/helper-protocol.md, `relay`).
    const socket = `/run/lifeboat-${move}/relays/${Date.now()}-${randomBytes(4).toString('hex')}.sock`
    talk = ssh.start(['sh', '-c', 'echo open && exec cat'], { socket, ...to })
    createInterface({ input: talk.stdout }).once('line', () => (isOpen = true))
    talk.stdin.on('error', () => undefined)
    await talk.ended
    isOpen = false
  }
  void (async () => {
    while (!closed.signal.aborted) {
      await open()
      await sleep(againAfterMs, closed.signal).catch(() => undefined)
    }
  })()
  return {
    stands: async (deadlineMs, signal) => {
      const ask = async (): Promise<true | null> => await Promise.resolve(isOpen ? true : null)
      await waitUntil(ask, { what: `A way from ${ssh.target.address} to ${to.address} through this machine`, deadlineMs, everyMs: 20, signal })
    },
    close: () => {
      closed.abort()
      talk?.kill()
    },
  }
}
