// Machines on which Lifeboat runs: each with a name, an address, a home and folders of its own, and nothing of the others'.
// What of the disk is not named here (the program itself) they share, and the kernel.
import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { attempt } from '../../lab/command.ts'
import { layWire } from '../../lab/network.ts'
import { repository, worldFolder } from '../../lab/place.ts'
import type { ExecResult } from '../../src/io/exec.ts'
import { waitUntil } from '../../src/io/wait.ts'

export type Machine = {
  readonly name: string
  /** Runs a program on it to its end, in the folder of its lifeboat.yaml. */
  readonly run: (command: readonly string[], input?: string) => Promise<ExecResult>
  readonly lifeboat: (...args: readonly string[]) => Promise<ExecResult>
  /** Starts a command that stays. */
  readonly start: (...args: readonly string[]) => ChildProcess
  /** Tells what was started to end. */
  readonly tell: (started: ChildProcess) => void
  /** Drops whatever it sends to this address, without a word to anybody; answers how to mend that. */
  readonly cut: (address: string) => Promise<() => Promise<void>>
  /** Takes its power away: it says no goodbye on any connection. */
  readonly powerCut: () => Promise<void>
  /** It boots again, with what was in its folders. */
  readonly powerOn: () => Promise<void>
}

type Test = { readonly after: (act: () => Promise<void>) => void }
export type MachineSpec = {
  readonly name: string
  /** Of 192.0.2.0/24. */
  readonly address: string
  /** Where its lifeboat.yaml stands: below /run/machine, which each has for itself, and not the same on any two. */
  readonly folder: string
  /** A folder with lifeboat.yaml and what it names, of which it has a copy. */
  readonly copyOf: string
}

// Of the world's own memory, where the folders of all machines are, it sees its own alone.
const boot = `set -e
own=$1 folder=$2 name=$3 world=$4
mkdir -p "$own/home" "$own/run" "$own/files"
chmod 700 "$own/run"
hostname "$name"
mount --bind "$own/run" "$XDG_RUNTIME_DIR"
mkdir -p /run/machine
mount -t tmpfs machine /run/machine
mkdir -p /run/machine/home "$folder"
mount --bind "$own/home" /run/machine/home
mount --bind "$own/files" "$folder"
mount -t tmpfs -o mode=700 empty "$world"
exec sleep infinity`

export async function startMachine(test: Test, { name, address, folder, copyOf }: MachineSpec): Promise<Machine> {
  const own = path.join(worldFolder, 'machines', name)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  cpSync(copyOf, path.join(own, 'files'), { recursive: true })
  const wire = await layWire(name, [address])
  const spaces = ['--mount', '--uts', '--pid', '--ipc', '--fork', '--kill-child=KILL', '--mount-proc', '--propagation', 'private']
  const bootIt = async (): Promise<number> => {
    const child = spawn('nsenter', [`--net=/run/netns/${name}`, 'unshare', ...spaces, 'sh', '-c', boot, 'sh', own, folder, name, worldFolder], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.unref()
    return await waitUntil(
      async () => (child.exitCode === null ? await Promise.resolve(firstProcess(child.pid ?? 0)) : await Promise.reject(new Error(said))),
      {
        what: `A start of ${name}`,
        deadlineMs: 20_000,
        everyMs: 20,
        signal: AbortSignal.timeout(30_000),
      },
    )
  }
  let first = await bootIt()
  let isOn = true
  const inside = () => ['--target', String(first), '--mount', '--uts', '--pid', '--ipc', '--net', '--', 'env', '-C', folder, 'HOME=/run/machine/home']
  const cli = [process.execPath, path.join(repository, 'src/cli.ts')]
  const run: Machine['run'] = async (command, input) =>
    await attempt('nsenter', [...inside(), ...command], { deadlineMs: 300_000, ...(input === undefined ? {} : { input }) })
  const powerCut = async (): Promise<void> => {
    if (!isOn) return
    isOn = false
    // First the wire: what its kernel says for processes that are killed reaches nobody.
    await wire.unplug()
    process.kill(first, 'SIGKILL')
  }
  test.after(async () => {
    await powerCut()
    await wire.remove()
  })
  return {
    name,
    run,
    lifeboat: async (...args) => await run([...cli, ...args]),
    start: (...args) => spawn('nsenter', [...inside(), ...cli, ...args], { stdio: ['ignore', 'ignore', 'pipe'] }),
    // What was started stands between, and passes no signal on.
    tell: (started) => process.kill(onlyChildOf(started.pid ?? 0), 'SIGTERM'),
    cut: async (to) => {
      const rules = `table inet cut { chain out { type filter hook output priority 0; ip daddr ${to} drop; }; chain in { type filter hook input priority 0; ip saddr ${to} drop; }; }`
      const nft = async (input: string) => {
        const { exitCode, stderr } = await run(['nft', '-f', '-'], input)
        if (exitCode !== 0) throw new Error(stderr)
      }
      await nft(rules)
      return async () => await nft('delete table inet cut')
    },
    powerCut,
    powerOn: async () => {
      first = await bootIt()
      isOn = true
      await wire.plug()
    },
  }
}

function onlyChildOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
}

/** The first process of the machine, once it has come to rest; null: not yet. */
function firstProcess(unshare: number): number | null {
  try {
    const pid = onlyChildOf(unshare)
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sleep' ? pid : null
  } catch {
    return null
  }
}
