// The machine of the controller: programs, the state folder, the keys that lie here.
import { existsSync } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { error, ok, type Found } from '../../core/doctor/finding.ts'
import { judgeFolder, judgeKey, judgeNode } from '../../core/doctor/machine.ts'
import { resolveMoves } from '../../config/resolve.ts'
import { exec } from '../../io/exec.ts'
import { findCli } from '../../provision/cli.ts'
import { nodeNeeded } from '../../version.ts'
import { openTarget } from '../planning.ts'
import { quickMs, type Check, type World } from './world.ts'

export function machineChecks(world: World): readonly Check[] {
  const looks: readonly Check['look'][] = [
    async () => [judgeNode(process.version, nodeNeeded)],
    (signal) => pulumi(world, signal),
    ssh,
    () => helpers(world),
    () => folder(world),
    () => keys(world),
  ]
  return looks.map((look) => ({ about: 'this machine', deadlineMs: quickMs, look }))
}

/** Only where something is made: nodes that exist already need no engine. */
async function pulumi({ config, pulumiRoot }: World, signal: AbortSignal): Promise<readonly Found[]> {
  const targets = [...new Set(Object.values(config.moves).map(({ to }) => to.provider))]
  const made = await Promise.all(targets.map(async (name) => (await openTarget(config, name)).shared !== null))
  if (!made.includes(true)) return []
  const { version } = await findCli(pulumiRoot ?? undefined, {}, signal)
  return [ok('pulumi', `Pulumi ${version}.`)]
}

/** ssh prints its version on stderr: "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.15". */
async function ssh(signal: AbortSignal): Promise<readonly Found[]> {
  const options = { signal, deadlineMs: 10_000 }
  const { stderr } = await exec('ssh', ['-V'], options)
  // Without arguments the other two say how they are used, or ask for something; that they start is enough.
  for (const program of ['ssh-keygen', 'ssh-add']) await exec(program, ['-?'], options)
  return [ok('ssh', `${stderr.trim().split(/[,\s]/, 1)[0] ?? 'ssh'}.`)]
}

async function helpers({ helperFile }: World): Promise<readonly Found[]> {
  const missing = ['x86_64', 'aarch64'].filter((machine) => !existsSync(helperFile(machine)))
  if (missing.length === 0) return [ok('helper', 'The program for nodes is here, for x86_64 and aarch64.')]
  return [
    error('helper', `The program for nodes is missing for ${missing.join(' and ')}.`, 'In a clone: npm run setup. A package brings it: install it again.'),
  ]
}

async function folder({ state }: World): Promise<readonly Found[]> {
  const [{ mode, uid }, { bavail, bsize }] = await Promise.all([stat(state), statfs(state)])
  return judgeFolder({ path: state, mode, isOurs: uid === userInfo().uid, freeBytes: bavail * bsize })
}

async function keys({ config }: World): Promise<readonly Found[]> {
  const files = resolveMoves(config).flatMap(({ ssh: { source, target } }) => [source.keyFile, target.keyFile])
  const distinct = [...new Set(files.filter((file) => file !== null))]
  return await Promise.all(distinct.map(async (file) => judgeKey(file, (await stat(file).catch(() => null))?.mode ?? null)))
}
