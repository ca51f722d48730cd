// A place of its own on this machine for real servers: processes, network and mounts are private, and whatever is written
// to /etc, /usr, /var, /root and /run is gone with it. What it started ends with it, also when the test is killed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { exec, type ExecResult } from '../../src/io/exec.ts'
import { insideScript, type Section } from '../../src/nodes/inside/script.ts'

export type PrivatePlace = {
  /** Runs a shell script as root; fails when it does. */
  readonly run: (script: string) => Promise<string>
  /** Runs a command with this input, whatever comes of it. */
  readonly attempt: (command: readonly string[], input?: string) => Promise<ExecResult>
}

const namespaces = ['--mount', '--pid', '--net', '--ipc', '--fork', '--kill-child=KILL', '--mount-proc', '--propagation', 'private']
const begin = `set -e
mount -t tmpfs -o mode=755 scratch /run
mkdir -m 1777 /run/lock
for folder in etc usr var root; do
  mkdir -p /run/scratch/$folder/upper /run/scratch/$folder/work
  mount -t overlay overlay -o lowerdir=/$folder,upperdir=/run/scratch/$folder/upper,workdir=/run/scratch/$folder/work /$folder
done
ip link set lo up
useradd --create-home --shell /bin/sh plain
echo ready
exec sleep 600`

/** Why there is none on this machine, or false. */
const noPrivatePlace = process.getuid?.() === 0 ? false : 'it needs root'

/** Why a test that needs these programs is skipped, or false. */
export async function missing(...programs: readonly string[]): Promise<string | false> {
  const found = await exec(
    'sh',
    ['-c', 'PATH=$PATH:/usr/sbin:/sbin; for program; do command -v "$program" >/dev/null || echo "$program"; done', 'sh', ...programs],
    {
      deadlineMs: 10_000,
      signal: AbortSignal.timeout(10_000),
    },
  )
  const names = found.stdout.trim().split('\n').join(', ')
  return names === '' ? noPrivatePlace : `not installed here: ${names}`
}

export async function openPrivatePlace(t: TestContext): Promise<PrivatePlace> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaces, 'sh', '-c', begin], { stdio: ['ignore', 'pipe', 'pipe'] })
  const gone = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await gone
  })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()))
  await Promise.race([once(child.stdout, 'data'), gone.then(() => Promise.reject(new Error(`No private place: ${words}`)))])
  const first = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
  const attempt: PrivatePlace['attempt'] = async (command, input) =>
    await exec('nsenter', ['--target', first, '--mount', '--pid', '--net', '--ipc', '--', ...command], {
      deadlineMs: 60_000,
      signal: AbortSignal.timeout(60_000),
      ...(input === undefined ? {} : { input }),
    })
  const run: PrivatePlace['run'] = async (script) => {
    // Servers stay behind it: what they would write goes nowhere, or nobody would see the script's end.
    const { exitCode, stdout, stderr } = await attempt(['sh', '-c', `set -e\nPATH=$PATH:/usr/sbin:/sbin\n${script}`])
    if (exitCode !== 0) throw new Error(`${script}\nended with ${exitCode}: ${stdout}${stderr}`)
    return stdout
  }
  return { run, attempt }
}

/** What the script tells of a place, read by root or by a user without rights. */
export async function look(place: PrivatePlace, sections: readonly Section[], who: 'root' | 'plain' = 'root'): Promise<string> {
  const as = who === 'root' ? [] : ['setpriv', '--reuid=plain', '--regid=plain', '--init-groups']
  return (await place.attempt([...as, 'sh', '-s'], insideScript(60, sections))).stdout
}
