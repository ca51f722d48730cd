// A look inside a hundred hosts: ours, beside xargs and ssh with the same script.
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { run as runTool, startDaemon } from '../lab/command.ts'
import { worldFolder } from '../lab/place.ts'
import { layRoot } from '../lab/root.ts'
import { waitUntil } from '../src/io/wait.ts'
import { insideScript } from '../src/nodes/inside/script.ts'
import { within, type Benchmark, type Stage } from './benchmark.ts'
import { openDesk, run, type Desk } from './desk.ts'

const count = 100
const atOnce = 32
const slowSeconds = 10
const hosts = Array.from({ length: count }, (_, number) => ({ name: `node-${number + 1}`, address: `198.18.0.${number + 1}` }))
/** It comes first, where it could hold up the most. */
const slowest = hosts[0]?.address ?? ''

const told = z.object({ nodes: z.array(z.object({ addresses: z.array(z.string()), inside: z.object({ takenAt: z.string() }).optional() })) })

/** One real sshd in the file system of a lab node, on a hundred addresses of the loopback of this world. */
async function startHosts(slow: boolean, signal: AbortSignal): Promise<{ readonly key: string; readonly close: () => Promise<void> }> {
  const folder = path.join(worldFolder, 'inside-100')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const key = path.join(folder, 'key')
  for (const file of [key, path.join(folder, 'host')]) await runTool('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
  await runTool('ip', ['-batch', '-'], { input: hosts.map(({ address }) => `addr add ${address}/32 dev lo`).join('\n') })
  const late = `Match LocalAddress ${slowest}\n  ForceCommand sleep ${slowSeconds}; eval "$SSH_ORIGINAL_COMMAND"\n`
  const settings = ['MaxStartups 200', 'PasswordAuthentication no', 'UsePAM no', 'StrictModes no', 'PidFile none', 'HostKey /etc/ssh/bench_key']
  const root = await layRoot({
    name: 'inside-100',
    authorizedKeys: [readFileSync(`${key}.pub`, 'utf8')],
    files: { '/etc/ssh/bench_config': `${settings.join('\n')}\n${slow ? late : ''}`, '/etc/ssh/bench_key': readFileSync(path.join(folder, 'host'), 'utf8') },
  })
  const mounts = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t tmpfs tmpfs "$0/run" && mkdir -m 755 "$0/run/sshd"'
  const words = `${mounts} && exec chroot "$0" /usr/sbin/sshd -D -e -f /etc/ssh/bench_config`
  const daemon = startDaemon('inside-100', 'unshare', ['--mount', 'sh', '-c', words, root.folder])
  await waitUntil(async () => await answers(key, folder, signal), { what: 'The start of sshd', deadlineMs: 20_000, everyMs: 100, signal })
  return {
    key,
    close: async () => {
      await daemon.stop()
      await root.remove()
      await runTool('ip', ['-batch', '-'], { input: hosts.map(({ address }) => `addr del ${address}/32 dev lo`).join('\n') })
      rmSync(folder, { recursive: true })
    },
  }
}

async function answers(key: string, folder: string, signal: AbortSignal): Promise<true | null> {
  const last = hosts.at(-1)?.address ?? ''
  return await run('ssh', [...sshWords(key, path.join(folder, 'known')), `root@${last}`, 'true'], folder, {}, signal).then(
    () => true as const,
    () => null,
  )
}

/** What ours gives to ssh, too, as far as it can matter for the time. */
function sshWords(key: string, knownHosts: string): string[] {
  const settings = ['BatchMode=yes', 'LogLevel=ERROR', 'StrictHostKeyChecking=accept-new', `UserKnownHostsFile=${knownHosts}`, `IdentityFile=${key}`]
  return ['-F', '/dev/null', ...[...settings, 'IdentitiesOnly=yes', 'ControlMaster=no', 'ControlPath=none'].flatMap((setting) => ['-o', setting])]
}

async function prepare(slow: boolean, signal: AbortSignal): Promise<Stage> {
  const { key, close } = await startHosts(slow, signal)
  const nodes = hosts.map(({ name, address }) => `      - { name: ${name}, address: ${address} }`).join('\n')
  const desk = openDesk(
    `project: bench\ndefaults: { ssh: { user: root, key: "file:${key}" } }\nproviders:\n  iron:\n    kind: static\n    nodes:\n${nodes}\n`,
    {},
  )
  // The controller is there already, as it is for whoever works with it.
  await desk.lifeboat(['status', '--json'], signal)
  return {
    contestants: {
      ours: async (until) => await ours(desk, slow, until),
      [`xargs -P${atOnce} ssh`]: async (until) => await theirs(desk.folder, key, slow, until),
    },
    close: async () => {
      await desk.close()
      await close()
    },
  }
}

/** Seconds until all are read, or all but the slow one. */
async function ours(desk: Desk, slow: boolean, signal: AbortSignal): Promise<number> {
  const began = Date.now()
  const { stdout, seconds } = await desk.lifeboat(['inventory', 'iron', '--inside', '--json', '--quiet'], signal)
  const { nodes } = told.parse(JSON.parse(stdout))
  const read = nodes.flatMap(({ addresses, inside }) => (inside === undefined ? [] : [{ slow: addresses.includes(slowest), at: Date.parse(inside.takenAt) }]))
  if (read.length !== count) throw new Error(`${read.length} of ${count} hosts were read`)
  return slow ? (Math.max(...read.flatMap((each) => (each.slow ? [] : [each.at]))) - began) / 1000 : seconds
}

async function theirs(folder: string, key: string, slow: boolean, signal: AbortSignal): Promise<number> {
  const out = path.join(folder, 'out')
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out)
  const [script, list] = [path.join(folder, 'script'), path.join(folder, 'list')]
  writeFileSync(script, insideScript(26))
  writeFileSync(list, '')
  for (const { address } of hosts) appendFileSync(list, `${address}\n`)
  const words = ['ssh', ...sshWords(key, path.join(folder, 'known')), 'root@"$1"', 'sh -s'].join(' ').replaceAll('sh -s', `'sh -s'`)
  const one = `${words} <"${script}" >"${out}/$1"`
  const began = Date.now()
  const { seconds } = await run('xargs', ['-a', list, `-P${atOnce}`, '-n1', 'sh', '-c', one, 'sh'], folder, {}, signal)
  const written = readdirSync(out).map((address) => ({ address, at: statSync(path.join(out, address)).mtimeMs }))
  const whole = written.filter(({ address }) => readFileSync(path.join(out, address), 'utf8').includes('\n=writes-after '))
  if (whole.length !== count) throw new Error(`xargs read ${whole.length} of ${count} hosts`)
  return slow ? (Math.max(...written.flatMap(({ address, at }) => (address === slowest ? [] : [at]))) - began) / 1000 : seconds
}

const simulated =
  'One real sshd in the file system of a lab node stands behind all 100 addresses, in the network of the lab: the way there takes no time, and the cores of this machine do the work of all hosts.'

export const inside100: Benchmark = {
  name: 'inside-100',
  says: 'How long a look inside a hundred hosts over ssh takes, 32 at a time.',
  cases: [
    {
      name: 'all',
      unit: 's',
      rounds: 3,
      quick: true,
      goals: [within(1.25, `xargs -P${atOnce} ssh`)],
      notes: `The whole command \`lifeboat inventory --inside --json\`, with a controller that runs already, beside the same script for each host. ${simulated}`,
      prepare: async (signal) => await prepare(false, signal),
    },
    {
      name: 'one takes 10 s',
      unit: 's',
      rounds: 3,
      quick: false,
      goals: [within(1.25, `xargs -P${atOnce} ssh`)],
      notes: `Until the other 99 hosts are read, while the first one waits ${slowSeconds} s before it begins. ${simulated}`,
      prepare: async (signal) => await prepare(true, signal),
    },
  ],
}
