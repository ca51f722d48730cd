// What a side that was promoted must show before the commit: every check that the serving side passed, and every port that it served.
import { counted } from '../../core/units.ts'
import { describeCheck, type SideName } from '../../core/stored-move.ts'
import { acceptsTcp, runChecks, type Way } from '../../nodes/checks.ts'
import type { Link } from '../../nodes/link.ts'
import { sleep } from '../../io/wait.ts'
import { gateClosed, tcpPortsOf, type Done, type Step } from '../run.ts'
import { meansOf } from './sides.ts'

/** Within the deadline of its step, so that the reason is told. Services that come up do so within a second, mostly. */
export const checkForMs = 6000
const portWithinMs = 1000
const checkAgainMs = { atFirst: 10, later: 100 } as const

/**
 * Tries until all holds, for a while: a service that was just started may need a moment. Fails with gate-closed. Where no
 * check is known to have passed, each must.
 */
export async function untilServed(step: Step, side: SideName, link: Link, signal: AbortSignal, way: Way | null = null): Promise<Done> {
  const { checksPassed, portsServed } = step.facts
  const ports = (portsServed ?? []).map((port) => ({ kind: 'tcp' as const, port, timeoutMs: portWithinMs }))
  const checks = [...step.settings.checks, ...ports]
  const wanted = new Set([...(checksPassed.length > 0 ? checksPassed : step.settings.checks.map(describeCheck)), ...ports.map(describeCheck)])
  for (const began = performance.now(); ;) {
    const results = await runChecks(checks, link, signal, { ...meansOf(step, side, link), way })
    const failed = results.find((result) => wanted.has(result.check) && !result.passed)
    const text = `${counted(wanted.size - ports.length, 'check')} passed on ${link.address}, ${counted(ports.length, 'port')} answered.`
    if (failed === undefined) return { text, details: { checks: results } }
    const waitedMs = performance.now() - began
    if (waitedMs > checkForMs) throw gateClosed(`${failed.check} does not hold on ${link.address}: ${failed.text}.`)
    await sleep(waitedMs < 1000 ? checkAgainMs.atFirst : checkAgainMs.later, signal)
  }
}

/** The TCP ports of the move that answer there. One may be listed at which nothing listens yet: then nobody misses it on the other side. */
export async function portsServed(step: Step, link: Link): Promise<number[]> {
  const asked = await Promise.all(
    tcpPortsOf(step).map(async (port) => {
      const answers = acceptsTcp(link.address, port, AbortSignal.any([step.signal, AbortSignal.timeout(portWithinMs)]))
      return await answers.then(
        () => [port],
        () => [],
      )
    }),
  )
  return asked.flat()
}
