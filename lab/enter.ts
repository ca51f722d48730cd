// The way into the lab: a network, a set of mounts and a set of processes of its own. Nothing inside can reach the real
// network, and when its first process goes, the kernel ends everything else in it, mounts and loop devices included.
import { spawn } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import os from 'node:os'
import { removeControlGroups, sweepControlGroups } from './control-groups.ts'
import { toolEnvironment } from './place.ts'
import { startTime } from './start-time.ts'

// The first process of the world. It must be one that collects orphans (Node does not: their zombies would count as
// living processes), and the kernel gives it no default signal actions, hence the traps. `<&0`: a background process
// of sh would read from /dev/null. A private /run keeps sockets, namespaces and node folders of worlds apart.
const firstProcess = `
set -e
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock
mkdir -p -m 700 "$XDG_RUNTIME_DIR"
ip link set lo up
LIFEBOAT_LAB_NETWORK=$(readlink /proc/self/ns/net)
export LIFEBOAT_LAB_NETWORK
set +e
trap 'kill -TERM $child' TERM
trap 'kill -INT $child' INT
trap 'kill -HUP $child' HUP
"$@" <&0 &
child=$!
while :; do
  { wait $child; } 2>/dev/null
  code=$?
  kill -0 $child 2>/dev/null || exit $code
done`

/** For the sockets of whoever runs inside. Worlds have the same paths in it, so it must not be the machine's own. */
const runtimeFolder = '/run/user/0'

const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

/**
 * Returns inside a world. Outside of one it runs the same script again inside a new one, with the same arguments,
 * standard streams and test context, passes signals on, and ends with its exit code: call it before anything else.
 */
export async function enterLab(): Promise<void> {
  if (insideLab()) return
  if (process.getuid?.() !== 0) throw new Error('The lab needs root: it makes network namespaces, mounts and nodes.')
  sweepControlGroups()
  const id = `${process.pid}-${startTime(process.pid)}`
  const script = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  // If this process is killed, unshare gets SIGKILL, and by --kill-child so does the first process of the world.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaces, 'sh', '-c', firstProcess, 'lab', ...script], {
    stdio: 'inherit',
    env: { ...process.env, ...toolEnvironment(), XDG_RUNTIME_DIR: runtimeFolder, LIFEBOAT_LAB: '1', LIFEBOAT_LAB_ID: id },
  })
  passSignalsOn(child.pid)
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (exitCode, by) => resolve([exitCode, by]))
  })
  removeControlGroups(id)
  process.exit(code ?? 128 + (signal === null ? 0 : os.constants.signals[signal]))
}

/** Whether this process is in a world: the mark alone could be inherited by a process that left it. */
export function insideLab(): boolean {
  return process.env['LIFEBOAT_LAB'] === '1' && process.env['LIFEBOAT_LAB_NETWORK'] === readlinkSync('/proc/self/ns/net')
}

function passSignalsOn(unsharePid: number | undefined): void {
  const pass = (signal: NodeJS.Signals) => {
    // unshare itself blocks them; its only child is the first process of the world.
    const first = unsharePid === undefined ? null : onlyChild(unsharePid)
    if (first !== null) process.kill(first, signal)
  }
  process.on('SIGTERM', pass)
  process.on('SIGHUP', pass)
  // A terminal sends Ctrl-C to everybody at once; a second one would mean more than the first.
  process.on('SIGINT', (signal) => (process.stdin.isTTY ? undefined : pass(signal)))
}

function onlyChild(pid: number): number | null {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return child === undefined || child === '' ? null : Number(child)
  } catch {
    return null
  }
}
