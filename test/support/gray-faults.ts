// Twelve ways in which a node is sick while it answers pings and accepts connections, and the layer where each one is.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Layer } from '../../src/core/judge-sight.ts'
import type { GrayRelay } from './gray-relay.ts'
import type { GrayService } from './gray-service.ts'
import type { SshServer } from './sshd.ts'

const run = promisify(execFile)

/** A node: its sshd, and a service; between each and the observers a relay. */
export type GrayNode = {
  readonly sshd: SshServer
  readonly way: GrayRelay
  readonly service: GrayService
  readonly serviceWay: GrayRelay
}

/** Mends what was done. */
type Mend = () => Promise<void> | void

export type GrayFault = {
  readonly name: string
  readonly layer: Layer
  /** What the judge takes it for, where that is not the same. */
  readonly takenFor?: Layer
  /** Past the relay: what is sick is the server itself. */
  readonly direct?: true
  readonly strike: (node: GrayNode) => Promise<Mend> | Mend
}

const sick = (fall: Parameters<GrayRelay['fall']>[0], which: 'way' | 'serviceWay' = 'way'): GrayFault['strike'] => {
  return (node) => {
    node[which].fall(fall)
    return () => node[which].fall(null)
  }
}

export const grayFaults: readonly GrayFault[] = [
  { name: 'delay on all data', layer: 'data-path', strike: sick(() => 1500) },
  { name: 'delay after 4 kB', layer: 'small-packets', strike: sick(({ up, before }) => (!up && before > 4096 ? 1500 : 0)) },
  { name: 'large packets held', layer: 'large-packets', strike: sick(({ bytes }) => (bytes > 700 ? 4000 : 0)) },
  { name: 'small upstream packets slow', layer: 'small-packets', strike: sick(({ up, bytes }) => (up && bytes < 40 ? 1500 : 0)) },
  { name: 'one-way loss', layer: 'data-path', strike: sick(({ up }) => (up ? null : 0)) },
  { name: 'TLS slow', layer: 'application', strike: sick(({ up, before }) => (!up && before === 0 ? 3000 : 0), 'serviceWay') },
  {
    name: 'DNS slow',
    layer: 'application',
    strike: ({ service }) => {
      service.slowNames(3000)
      return () => service.slowNames(0)
    },
  },
  { name: 'sshd stopped', layer: 'process', direct: true, strike: ({ sshd }) => stop(sshd) },
  { name: 'accept queue full', layer: 'process', takenFor: 'network', direct: true, strike: fillQueue },
  { name: 'exec stall', layer: 'host-or-storage', direct: true, strike: async ({ sshd }) => await mark(sshd, 'stalled') },
  { name: 'disk stall', layer: 'host-or-storage', direct: true, strike: freezeDisk },
  { name: 'CPU starved', layer: 'process', direct: true, strike: starve },
]

/** What the sshd of every node needs for these: a disk of its own that can be frozen, and a way to hold commands up. */
export const graySshd = {
  prepare: `truncate -s 24M "$FOLDER/disk" && mkfs.ext4 -q -F "$FOLDER/disk" && mkdir "$FOLDER/volume" && mount -o loop "$FOLDER/disk" "$FOLDER/volume" && mkdir "$FOLDER/volume/shop"`,
  lines: (folder: string) => [`ForceCommand [ ! -e ${folder}/stalled ] || sleep 5; exec sh -c "$SSH_ORIGINAL_COMMAND"`],
}

function stop({ pid }: SshServer): Mend {
  process.kill(pid(), 'SIGSTOP')
  return () => void process.kill(pid(), 'SIGCONT')
}

/** More connections than the kernel keeps for a server that does not accept. */
async function fillQueue({ sshd }: GrayNode): Promise<Mend> {
  const go = stop(sshd)
  const sockets: Socket[] = []
  let waiting = 0
  for (let nth = 0; nth < 300 && waiting < 5; nth++) {
    const socket = connect({ host: '127.0.0.1', port: sshd.port }).on('error', () => undefined)
    sockets.push(socket)
    const connected = new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)))
    if (!(await Promise.race([connected, delay(200, false)]))) waiting += 1
  }
  return () => {
    for (const socket of sockets) socket.destroy()
    void go()
  }
}

async function mark({ folder }: SshServer, name: string): Promise<Mend> {
  await run('touch', [`${folder}/${name}`])
  return async () => void (await run('rm', ['-f', `${folder}/${name}`]))
}

/** By the kernel: whoever writes waits. Should this process die, it thaws by itself. */
async function freezeDisk({ sshd }: GrayNode): Promise<Mend> {
  const inside = async (command: string): Promise<unknown> => await run('nsenter', ['-t', String(sshd.pid()), '--mount', 'sh', '-c', command])
  const volume = `${sshd.folder}/volume`
  await inside(`fsfreeze -f ${volume} && { setsid sh -c 'sleep 150; fsfreeze -u ${volume}' >/dev/null 2>&1 </dev/null & }`)
  return async () => void (await inside(`fsfreeze -u ${volume}`))
}

/** Everything below the server runs for 30 ms of each 1.5 s. */
function starve({ sshd }: GrayNode): Mend {
  const root = sshd.pid()
  let isOver = false
  const all = (signal: NodeJS.Signals): void => {
    for (const pid of below(root)) {
      try {
        process.kill(pid, signal)
      } catch {
        // It ended meanwhile.
      }
    }
  }
  const cycle = (async () => {
    while (!isOver) {
      all('SIGSTOP')
      await delay(1470)
      all('SIGCONT')
      await delay(30)
    }
  })()
  return async () => {
    isOver = true
    await cycle
  }
}

function below(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    return [pid, ...children.flatMap(below)]
  } catch {
    return []
  }
}
