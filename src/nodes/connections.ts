// Connections that are open on a node's ports, from what its kernel lists: nothing needs to be installed there.
import type { Link } from './link.ts'

/** How many there are; null when the node does not say. */
export async function openConnections(link: Link, ports: readonly number[], signal: AbortSignal): Promise<number | null> {
  const listed = await link.run(['sh', '-c', 'cat /proc/net/tcp /proc/net/tcp6 2>/dev/null'], { signal })
  return listed.stdout === '' ? null : countConnections(listed.stdout, ports)
}

/** Lines as proc_pid_net(5) describes them: number, local address:port, remote one, state; all in hexadecimal, 01 is established. */
export function countConnections(text: string, ports: readonly number[]): number {
  const wanted = new Set(ports)
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/))
  return rows.filter(([, local = '', , state]) => state === '01' && wanted.has(Number.parseInt(local.split(':')[1] ?? '', 16))).length
}
