// A ladder that stands at a real sshd of a test, with a key of its own.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret } from '../../src/core/secret.ts'
import type { Try } from '../../src/watch/attempt.ts'
import type { LadderTarget } from '../../src/watch/ladder.ts'
import type { SshServer } from './sshd.ts'

/** What a ladder needs to know of this sshd; its host key is pinned at first sight, its folder is the volume. */
export async function targetAt(sshd: SshServer, port = sshd.port): Promise<LadderTarget> {
  const key = await sshd.makeKey(`climber-${port}`)
  await sshd.authorize(key)
  const login = { key: new Secret(await readFile(key, 'utf8')) }
  const knownHosts = join(sshd.folder, `known-${port}`)
  const ssh = { address: '127.0.0.1', port, user: sshd.user, login, sudo: false, knownHosts, alias: 'old/web-1' }
  return { ssh, volumes: [sshd.folder], application: null }
}

/** `kex fresh ok`: each rung that was tried, and what came of it. */
export function toldBy(tries: readonly Try[]): readonly string[] {
  return tries.filter(({ rung }) => rung !== 'icmp' && rung !== 'app').map(({ rung, connection, outcome }) => `${rung} ${connection} ${outcome}`)
}
