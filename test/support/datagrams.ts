// A small UDP service for a node, and a client that keeps its socket: it asks every 50 ms and notes who answers.
import { createSocket } from 'node:dgram'
import type { LabNode } from '../../lab/node.ts'
import { writeFiles } from './docker.ts'

export const udpUnit = 'names.service'
export const udpPort = 5353

const service = `import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(('', ${udpPort}))
while True:
    question, client = s.recvfrom(2000)
    s.sendto(socket.gethostname().encode(), client)
`

/** Installs the service without starting it. */
export async function installUdp(node: LabNode): Promise<void> {
  const unit = `[Service]\nExecStart=/usr/bin/python3 /opt/names.py\n`
  await writeFiles(node, { '/opt/names.py': service, [`/etc/systemd/system/${udpUnit}`]: unit })
  await node.run('systemctl daemon-reload')
}

export type UdpClient = {
  /** Host names of those who answered, one after the other, repetitions left out. */
  readonly turns: () => readonly string[]
  /** What the kernel reported: a refused datagram, mostly. */
  readonly errors: () => readonly string[]
  readonly stop: () => Promise<void>
}

/** Its socket is connected, so answers from any address but that one do not arrive, and refusals do. */
export async function askByUdp(address: string, localAddress: string): Promise<UdpClient> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  const [turns, errors]: [string[], string[]] = [[], []]
  socket.on('message', (answer) => {
    if (turns.at(-1) !== answer.toString()) turns.push(answer.toString())
  })
  socket.on('error', (error) => errors.push(error.message))
  await new Promise<void>((resolve) => socket.bind(0, localAddress, resolve))
  await new Promise<void>((resolve) => socket.connect(udpPort, address, resolve))
  const timer = setInterval(() => socket.send('who?', (error) => (error === null ? undefined : errors.push(error.message))), 50)
  let stopping: Promise<void> | null = null
  return {
    turns: () => turns,
    errors: () => errors,
    stop: async () => {
      clearInterval(timer)
      await (stopping ??= new Promise<void>((resolve) => socket.close(resolve)))
    },
  }
}
