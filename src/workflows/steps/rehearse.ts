// A rehearsal (runbook.md, row `rehearse`): the services start on a copy-on-write view of the target, in a network that
// leads nowhere, the checks are tried on them, and all of it is taken away again. The copy does not change, so that the
// switch afterwards is what it would have been; what it measured makes the forecast better.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { forecastPauseMs } from '../../core/forecast.ts'
import { notRehearsed } from '../../core/rehearsal.ts'
import type { StoredCheck } from '../../core/stored-move.ts'
import { counted } from '../../core/units.ts'
import { portsOf, runChecks, type CheckResult } from '../../nodes/checks.ts'
import type { Link } from '../../nodes/link.ts'
import { sleep } from '../../io/wait.ts'
import { gateClosed, reach, type Action, type Step } from '../run.ts'
import { meansOf } from './sides.ts'
import { checkForMs } from './check-target.ts'

/** After that the node ends it alone, whoever asked for it. */
const guardMs = 600_000
const endWithinMs = 60_000
const checkAgainMs = 100

const begunSchema = z.object({
  started: z.array(z.object({ unit: z.string(), ms: z.number() })).default([]),
  skipped: z.array(z.object({ unit: z.string(), why: z.string() })).default([]),
})
const endedSchema = z.object({
  ended: z
    .array(z.string())
    .nullish()
    .transform((units) => units ?? []),
  packets: z.object({ left: z.number(), refused: z.number() }).optional(),
  usedBytes: z.number().default(0),
  mostBytes: z.number().default(0),
})

type Ended = z.infer<typeof endedSchema>

export const rehearse: Action = async (step) => {
  const at = new Date().toISOString()
  try {
    const { text, details, everything } = await tried(step)
    const { startMs, checkMs } = details
    // What was left out would take time as well: a forecast without it would promise too much.
    await step.learn({ rehearsal: { at, passed: true, text }, ...(everything ? { measured: { ...step.facts.measured, startMs, checkMs } } : {}) })
    return { text, details: { ...details, forecastPauseMs: forecastPauseMs(step.facts) } }
  } catch (error) {
    step.signal.throwIfAborted()
    if (error instanceof LifeboatError) await step.learn({ rehearsal: { at, passed: false, text: error.message } })
    throw error
  }
}

async function tried(step: Step) {
  const target = await reach(step, 'target')
  const { checks, left } = notRehearsed(step.settings)
  const wanted = await passingOnSource(step, checks)
  const began = performance.now()
  try {
    const asked = { op: 'rehearse', token: step.run.token, units: await runningOnSource(step), forMs: guardMs }
    const { started, skipped } = begunSchema.parse(
      await target.call(asked, step.signal, guardMs).catch((error: unknown) => {
        // What a service wants may be just that.
        throw error instanceof LifeboatError && left.length > 0 ? new LifeboatError(error.code, `${error.message}.${leftOut(left)}`, { cause: error }) : error
      }),
    )
    const out = [...left, ...skipped.map(({ unit, why }) => `${unit} (${why})`)]
    const startMs = Math.round(started.reduce((sum, { ms }) => sum + ms, 0))
    await step.say(`${counted(started.length, 'service')} started apart from everybody in ${startMs} ms.`, { started, notRehearsed: out })
    const { results, checkMs } = await untilPassed(step, target, checks, wanted, out)
    const ended = await endRehearsal(step)
    refuseWhatFailed(ended, out)
    const { packets, usedBytes } = ended
    const seconds = (performance.now() - began) / 1000
    const passed = results.filter((result) => result.passed).length
    const text = `${counted(started.length, 'service')} started in ${startMs} ms, ${counted(passed, 'check')} passed after ${checkMs} ms; 0 packets left the rehearsal.${leftOut(out)}`
    return { text, everything: out.length === 0, details: { startMs, checkMs, seconds, started, checks: results, notRehearsed: out, packets, usedBytes } }
  } finally {
    // The node's own guard would end it later. What failed before is what is told.
    await endRehearsal(step).catch(() => undefined)
  }
}

/** Only what passes on the side that serves is asked of the other. */
async function passingOnSource(step: Step, checks: readonly StoredCheck[]): Promise<ReadonlySet<string>> {
  const source = await reach(step, 'source')
  const results = await runChecks(checks, source, step.signal, meansOf(step, 'source', source))
  const passed = results.filter((result) => result.passed)
  if (results.length > 0 && passed.length === 0) {
    const text = `No check passes on ${source.address}: ${results[0]?.check} ${results[0]?.text}.`
    throw new LifeboatError('gate-closed', text, { details: { side: 'source' } })
  }
  return new Set(passed.map((result) => result.check))
}

/** Only what runs there would be started by a switch. */
async function runningOnSource(step: Step): Promise<readonly string[]> {
  const { services } = step.settings
  if (services.length === 0) return []
  const { stdout } = await (await reach(step, 'source')).run(['systemctl', 'is-active', '--', ...services], { signal: step.signal })
  const states = stdout.trim().split('\n')
  return services.filter((_, index) => states[index] === 'active')
}

/** As patient as a switch is: what takes longer here would fail it. */
async function untilPassed(
  step: Step,
  target: Link,
  checks: readonly StoredCheck[],
  wanted: ReadonlySet<string>,
  out: readonly string[],
): Promise<{ results: readonly CheckResult[]; checkMs: number }> {
  const run: Link['run'] = async (command, { signal, deadlineMs = checkForMs }) => {
    const answer = await target.call({ op: 'rehearse-run', token: step.run.token, command, deadlineMs }, signal, deadlineMs + 5000)
    return { exitCode: Number(answer['exitCode']), stdout: String(answer['stdout']), stderr: String(answer['stderr']) }
  }
  const way = { ports: portsOf(checks), dial: target.dialRehearsed }
  for (const began = performance.now(); ;) {
    const results = await runChecks(checks, { ...target, run }, step.signal, { ...meansOf(step, 'target', target), way })
    const failed = results.find((result) => wanted.has(result.check) && !result.passed)
    const waitedMs = Math.round(performance.now() - began)
    if (failed === undefined) return { results, checkMs: waitedMs }
    if (waitedMs > checkForMs) {
      const ended = await endRehearsal(step)
      refuseWhatFailed(ended, out)
      throw gateClosed(`${failed.check} does not hold in the rehearsal: ${failed.text.replace(/\.$/, '')}.${leftOut(out)}`)
    }
    await sleep(checkAgainMs, step.signal)
  }
}

function refuseWhatFailed({ ended, packets, usedBytes, mostBytes }: Ended, out: readonly string[]): void {
  if (packets === undefined) throw gateClosed('The rehearsal was over before its checks were: the helper on the target was started anew.')
  if (packets.left > 0) throw gateClosed(`${counted(packets.left, 'packet')} left the rehearsal; none may.`)
  const full = mostBytes > 0 && usedBytes > 0.98 * mostBytes ? ` Its view was full (${mostBytes} bytes).` : ''
  if (ended[0] !== undefined) throw gateClosed(`${ended[0]} ended by itself in the rehearsal.${full}${leftOut(out)}`)
}

function leftOut(out: readonly string[]): string {
  return out.length === 0 ? '' : ` Not rehearsed: ${out.join(', ')}.`
}

/** Takes away whatever is rehearsed on the target; nothing where nothing is. Goes on when the step is told to end. */
export async function endRehearsal(step: Step): Promise<Ended> {
  const target = await reach(step, 'target')
  const signal = AbortSignal.any([step.run.stop, AbortSignal.timeout(endWithinMs)])
  return endedSchema.parse(await target.call({ op: 'end-rehearsal', token: step.run.token }, signal, endWithinMs))
}
