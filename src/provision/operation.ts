// Which processes belong to an operation on a stack, even after the controller that started them was killed. They carry
// the stack's folder and their controller in their environment, and plugins inherit it; /proc shows it. Elsewhere than
// on Linux nothing is found, and the lock of the stack alone tells that somebody is at work.
import { randomUUID } from 'node:crypto'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { LifeboatError } from '../core/errors.ts'
import { sleep } from '../io/wait.ts'

const folderVariable = 'LIFEBOAT_STACK_FOLDER'
const ownerVariable = 'LIFEBOAT_STACK_OWNER'

/** What a child needs in its environment to be found here. */
export async function operationVariables(workDir: string): Promise<Record<string, string>> {
  return { [folderVariable]: workDir, [ownerVariable]: `${process.pid} ${(await startOf(process.pid)) ?? ''}` }
}

/** Where processes of an operation are to be looked for: a machine since its boot, as far as this process sees it, and the folder. */
export async function placeOf(workDir: string): Promise<string> {
  const [boot, processes] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => randomUUID()),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ])
  return `${boot.trim()} ${processes} ${workDir}`
}

/** Whether anything of an operation on this folder runs. */
export async function isAtWork(workDir: string): Promise<boolean> {
  return (await findOperation(workDir)).length > 0
}

type OperationProcess = { readonly pid: number; readonly name: string; readonly owner: string }

/**
 * When a process started, in clock ticks since boot; null: there is none of this number, or it has ended. A number is
 * given anew after a while, number and start together are not.
 */
export async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (stat === null) return null
  // The name in brackets may hold anything, brackets and spaces too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null)
}

async function findOperation(workDir: string): Promise<OperationProcess[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((entry) => /^\d+$/.test(entry))
  const found = await Promise.all(pids.map((pid) => readOperation(Number(pid), workDir)))
  return found.filter((process) => process !== null)
}

async function readOperation(pid: number, workDir: string): Promise<OperationProcess | null> {
  const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  const variables = environ.split('\0')
  if (!variables.includes(`${folderVariable}=${workDir}`)) return null
  const owner = variables.find((variable) => variable.startsWith(`${ownerVariable}=`))?.slice(ownerVariable.length + 1) ?? ''
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  return (await startOf(pid)) === null ? null : { pid, name: name.trim(), owner }
}

/** Kills what is left of an operation: plugins whose engine is gone would go on creating. */
export async function killOperation(workDir: string): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    const left = await findOperation(workDir)
    if (left.length === 0) return
    for (const { pid } of left) kill(pid, 'SIGKILL')
    await sleep(100, AbortSignal.timeout(1000))
  }
}

/**
 * Waits for the end of what a dead controller left running on this stack: an engine whose program is gone ends by
 * itself, after writing down what it has created. Past the patience it is asked to stop, then killed. Answers whether
 * there was any. Fails with provision-busy when the controller that started it is alive.
 */
export async function endOrphans(workDir: string, patienceMs: number, signal: AbortSignal): Promise<boolean> {
  const first = await findOperation(workDir)
  for (const { owner, pid } of first) await refuseLivingOwner(owner, pid)
  const began = performance.now()
  let asked = false
  for (let left = first; left.length > 0; left = await findOperation(workDir)) {
    const engines = left.filter(({ name }) => name === 'pulumi')
    const waited = performance.now() - began
    if (engines.length === 0 || waited > patienceMs * 1.5) await killOperation(workDir)
    else if (waited > patienceMs && !asked) {
      asked = true
      for (const { pid } of engines) kill(pid, 'SIGINT')
    }
    await sleep(200, signal)
  }
  return first.length > 0
}

async function refuseLivingOwner(owner: string, pid: number): Promise<void> {
  const [ownerPid, started] = owner.split(' ')
  if (Number(ownerPid) === process.pid) return
  if (started === undefined || started === '' || (await startOf(Number(ownerPid))) !== started) return
  throw new LifeboatError('provision-busy', `Another controller (process ${ownerPid}) is working on this stack with process ${pid}.`, {
    details: { controller: Number(ownerPid), process: pid },
  })
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended in between.
  }
}
