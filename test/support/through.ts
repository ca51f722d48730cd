// Brings a command to its end through blows: each time the controller waits at a step, a fault comes, and goes a little
// later. A command that ended meanwhile must have told why, and is given again.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { exitStatusOf, hintOf } from '../../src/core/errors.ts'
import type { ExecResult } from '../../src/io/exec.ts'
import { sleep } from '../../src/io/wait.ts'
import type { Fault } from './blow.ts'
import type { Blow, Command } from './fault-cases.ts'
import { connectMoments, type Moments } from './moment.ts'
import type { Scene } from './scenario.ts'

type Journey = {
  readonly scene: Scene
  /** Of the journal's database. */
  readonly url: string
  readonly fault: Fault
  readonly tell: (text: string) => void
  /** Resolves when all customers that were held have their answer. */
  readonly answered: () => Promise<void>
}

type Words = readonly string[]

/** More than any fault needs. */
const mostTries = 8
const reachedWithinMs = 240_000

export async function through(journey: Journey, command: Command, blows: readonly Blow[]): Promise<void> {
  const { scene, fault, tell } = journey
  const said: Words = command === 'migrate' ? ['migrate', '--yes', '--json'] : [command, 'web-1', '--yes', '--json']
  const told: string[] = []
  const before = (await scene.journal()).at(-1)?.seq ?? 0
  let moments = await connectMoments(journey.url)
  if (blows[0] !== undefined) await moments.arm(blows[0].step, 'started')
  let running = scene.begin(...said)
  const again = async (result: ExecResult): Promise<void> => {
    assert.ok(told.length < mostTries * Math.max(1, blows.length), `it does not come to its end: ${told.join('; ')}`)
    const { words, why } = wellTold(result, fault, said)
    told.push(why)
    // A hold is bounded, and one after the other without a breath is not what anybody promised: struck in each of its
    // attempts, a switch would hold the same customers again before they are answered.
    if (why.startsWith('gate-closed')) await journey.answered()
    running = scene.begin(...words)
  }
  for (const index of blows.keys()) {
    await reach(moments, () => running, again)
    const next = blows[index + 1]
    moments = await strike(journey, moments, next?.step ?? 'nothing', async () => await running)
  }
  await moments.pass()
  for (let result = await running; !isDone(result); result = await running) await again(result)
  await moments.close()
  tell(`${command}: ${told.join('; ') || 'went on by itself'}`)
  await wasNoticed(journey, blows, before, told)
}

/** Until the armed record waits; who ended before is followed by the next command. */
async function reach(moments: Moments, running: () => Promise<ExecResult>, again: (result: ExecResult) => Promise<void>): Promise<void> {
  for (;;) {
    const over = new AbortController()
    const waits = moments.reached(reachedWithinMs, over.signal).then(() => null)
    const first = await Promise.race([waits, running()])
    over.abort()
    waits.catch(() => undefined)
    if (first === null) return
    assert.notEqual(first.exitCode, 0, `the step was never begun: ${first.stdout.slice(-1500)}`)
    await again(first)
  }
}

/** Causes the fault and mends it; answers the moments, armed for the next step. */
async function strike({ scene, url, fault }: Journey, moments: Moments, next: string, running: () => Promise<ExecResult>): Promise<Moments> {
  if (fault.ends !== true) await moments.aim(next, 'started')
  const mend = await fault.cause({ scene, moments, url })
  if (fault.ends !== true) await moments.passOn().catch(() => undefined)
  await Promise.race([running(), sleep(fault.lastsMs, new AbortController().signal)])
  if (fault.answers === true) {
    const asked = await scene.begin('migrate', '--yes', '--json', '--detach')
    if (asked.exitCode !== 0) wellTold(asked, fault, [])
  }
  await mend()
  if (fault.ends === true) {
    const { exitCode, stdout } = await running()
    assert.notEqual(exitCode, 0, `the terminal does not say that the controller is gone: ${stdout.slice(-1500)}`)
  }
  if (fault.ends !== true && (await moments.isOpen())) return moments
  await moments.close()
  const anew = await connectMoments(url)
  await anew.arm(next, 'started')
  return anew
}

function isDone({ exitCode, stdout }: ExecResult): boolean {
  // A run may come to its end before the command is heard; then it says so.
  return exitCode === 0 || /is finished/.test(stdout)
}

/** One sentence, a hint, the exit status of its code, and nothing of our own programming; answers what is to be said next. */
function wellTold(result: ExecResult, fault: Fault, said: Words): { readonly words: Words; readonly why: string } {
  const all = `${result.exitCode}: ${result.stdout.slice(-2500)}${result.stderr}`
  assert.notEqual(result.stdout, '', all)
  const last = JSON.parse(result.stdout.trimEnd().split('\n').at(-1) ?? '') as Readonly<Record<string, unknown>>
  if (result.exitCode === 4 && last['step'] === 'await-approval') return { words: ['approve', 'web-1', '--yes', '--json'], why: 'asks for approval' }
  assert.equal(last['schema'], 'lifeboat.error/1', all)
  const [code, message] = [String(last['code']), String(last['message'])]
  const wanted: readonly string[] = [
    ...fault.codes,
    ...(fault.ends === true ? ['controller-unreachable'] : []),
    ...(said[0] === 'rollback' ? ['gate-closed'] : []),
  ]
  assert.ok(wanted.includes(code), all)
  assert.equal(result.exitCode, exitStatusOf(code), all)
  assert.match(message, /^[^\n]+[.?]$/)
  assert.equal(last['hint'], hintOf(code))
  assert.doesNotMatch(result.stdout + result.stderr, /Unexpected|\n +at /)
  return { words: said, why: `${code}: ${message}` }
}

/** A fault that nobody noticed would prove nothing. */
async function wasNoticed({ scene, fault }: Journey, blows: readonly Blow[], before: number, told: readonly string[]): Promise<void> {
  if (!blows.some(({ step }) => fault.bites?.includes(step) ?? true) || told.length > 0) return
  const records = (await scene.journal()).filter((record) => record.seq > before)
  const noticed = records.some(({ details, text }) => (fault.codes as readonly unknown[]).includes(details['code']) || fault.sign?.test(text) === true)
  assert.ok(noticed, 'nobody noticed the fault')
}

/** What is kept of all that happened: no defect, figures that can be, a journal as it was written, and a report of it. */
export async function toldWell(scene: Scene): Promise<void> {
  const records = await scene.journal()
  assert.deepEqual(
    records.filter(({ text, details }) => details['code'] === 'defect' || text.includes('Unexpected')).map(({ step, text }) => `${step}: ${text}`),
    [],
  )
  const pauses = records.flatMap(({ details }) => (typeof details['pauseMs'] === 'number' ? [details['pauseMs']] : []))
  assert.ok(pauses.length > 0 && pauses.every((ms) => ms >= 0 && ms < 60_000), pauses.join())
  for (const args of [
    ['report', '--json'],
    ['report', '--verify', '--json'],
  ]) {
    const { exitCode, stdout, stderr } = await scene.begin(...args)
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
  }
  assert.doesNotMatch(readFileSync(path.join(scene.folder, '.lifeboat', 'controller.log'), 'utf8'), /uncaught|unhandled/i)
}
