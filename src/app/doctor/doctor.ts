// Runs all checks side by side. Each has its own deadline: what does not answer delays only itself and ends nothing.
import type { Doctor, Finding, Found } from '../../core/doctor/finding.ts'
import { doctorOf } from '../../core/doctor/finding.ts'
import { LifeboatError } from '../../core/errors.ts'
import { fenceChecks } from './fences.ts'
import { machineChecks } from './machine.ts'
import { nameChecks } from './names.ts'
import { moveChecks } from './moves.ts'
import { providerChecks } from './providers.ts'
import { failureFound, type Check, type World } from './world.ts'

/** Where a new subject is added; each answers its checks for a world. */
const subjects: readonly ((world: World) => readonly Check[])[] = [machineChecks, providerChecks, nameChecks, moveChecks, fenceChecks]

/** Everything that could stop a move, as far as it can be seen from here. */
export async function examine(world: World, signal: AbortSignal): Promise<Doctor> {
  const checks = subjects.flatMap((checksOf) => checksOf(world))
  const findings = await Promise.all(checks.map(async (check) => await findingsOf(check, signal)))
  signal.throwIfAborted()
  return doctorOf(findings.flat(), new Date().toISOString())
}

export async function findingsOf({ about, deadlineMs, look }: Check, signal: AbortSignal): Promise<readonly Finding[]> {
  const late = new LifeboatError('timeout', `This check had no answer within ${deadlineMs / 1000} s.`)
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(late), deadlineMs)
  const { promise: ended, reject } = Promise.withResolvers<never>()
  over.signal.addEventListener('abort', () => reject(late), { once: true })
  // A check that is deaf to its signal is not waited for either.
  const found = await Promise.race([look(AbortSignal.any([signal, over.signal])), ended])
    .catch((thrown: unknown): readonly Found[] => [failureFound(thrown)])
    .finally(() => clearTimeout(timer))
  return found.map((each) => ({ ...each, about }))
}
