// The orders that lie on a node of the shop, wherever it keeps them.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { LabNode } from '../node.ts'
import { linesInDatabases } from './databases.ts'

/** Ids of all orders that lie on a node, with repetitions, read from its volume or asked of its databases. */
export async function ordersOn(node: LabNode): Promise<string[]> {
  if (await keepsFiles(node)) return (await node.run('ls /srv/files/orders | grep -v "[.]part$" || true')).split('\n').filter(Boolean)
  return (await orderLines(node)).map((line) => line.split('\t')[0] ?? '')
}

/** The same of a web node, each with when it was taken (seconds since 1970) and by whom: `ID TAB SECONDS TAB HOST`. */
export async function orderLines(node: LabNode): Promise<string[]> {
  if (existsSync(path.join(node.root, 'opt/shop/databases.py'))) return await linesInDatabases(node)
  return (await node.run('cat /srv/shop/orders.log || true')).split('\n').filter(Boolean)
}

async function keepsFiles(node: LabNode): Promise<boolean> {
  return (await node.attempt('test -d /srv/files/orders')).exitCode === 0
}
