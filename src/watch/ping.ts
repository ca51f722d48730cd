// ICMP: the control path alone. A system that was never seen to answer may not be allowed to.
import { LifeboatError } from '../core/errors.ts'
import { exec } from '../io/exec.ts'
import { NotTried, type Measured } from './attempt.ts'

export type Ping = (signal: AbortSignal) => Promise<Measured<true>>

/** By the program of the system; where there is none, or it may not, nothing is said of the node. */
export function pinger(address: string): Ping {
  let hasAnswered = false
  let isMissing = false
  return async (signal) => {
    if (isMissing) throw new NotTried('ping is not installed here')
    const { exitCode, stdout } = await exec('ping', ['-n', '-c', '1', '-W', '1', address], { signal, deadlineMs: 3000 }).catch((error: unknown) => {
      isMissing = error instanceof LifeboatError && error.code === 'tool-missing'
      throw isMissing ? new NotTried('ping is not installed here') : error
    })
    const [, ms] = /time[=<]([\d.]+)/.exec(stdout) ?? []
    if (exitCode === 0 && ms !== undefined) {
      hasAnswered = true
      return { value: true, ms: Number(ms) }
    }
    if (exitCode > 1) throw new NotTried('ping is not allowed here')
    if (!hasAnswered) throw new NotTried('it has never answered: something on the way may not let pings through')
    throw new Error('no answer')
  }
}
