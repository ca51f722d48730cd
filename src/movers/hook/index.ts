// Data that Lifeboat does not know, by commands of its owner. They run on the machine that runs the move, in the folder of
// lifeboat.yaml, with one JSON document on standard input and one as their answer (docs/hook.md).
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { durationField, secretField } from '../../core/fields.ts'
import { exec } from '../../io/exec.ts'
import { act } from '../act.ts'
import type { Mover, MoverAdapter, Pair, Side } from '../mover.ts'
import { answers, protocol, readAnswer, type Answer, type Method } from './answers.ts'

const command = (of: string) => z.string().min(1).describe(of)

const schema = z.strictObject({
  kind: z.literal('hook').describe('Data of another kind, by commands of yours.'),
  name: z.string().optional().describe('How reports and checks name it; hook by default.'),
  prepare: command('Looks at both sides before the first sync.').optional(),
  sync: command('Carries over what changed; `kind` tells which pass.'),
  verify: command('Compares both sides in the freeze.'),
  promote: command('Makes the receiving side the one that is written.').optional(),
  reverse: command('Turns the direction round after the switch.').optional(),
  salvage: command('After a fail-over: keeps aside what only `to`, which was given up, has. Without it such a side is left as it is.').optional(),
  ask: command('Runs `statement` for a check of kind sql.').optional(),
  release: command('Ends what it keeps running.').optional(),
  undo: z
    .strictObject({
      from: command('On the giving side, when an attempt ends after its final sync.').optional(),
      to: command('On the receiving side, when an attempt ends after its promotion.').optional(),
    })
    .default({})
    .describe('Commands that the nodes run themselves when an attempt is undone, also when nobody else is there.'),
  env: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, 'must be the name of a variable'), secretField)
    .default({})
    .describe('Variables by reference; they reach the commands on this machine, not those of undo.'),
  deadline: durationField({ atLeastMs: 1000, atMostMs: 7 * 86_400_000 })
    .prefault('1h')
    .describe('Of each command; in a switch its own limits end it before. Default 1h.'),
})

type Hook = Omit<z.output<typeof schema>, 'name'> & { readonly name: string; readonly folder: string }

export const hook: MoverAdapter<typeof schema> = {
  schema,
  connect: async ({ name = 'hook', ...config }, folder = process.cwd()) => hookMover({ name, folder, ...config }),
}

function hookMover(hook: Hook): Mover {
  const call = async <Of extends Method>(method: Of, pair: Pair, signal: AbortSignal, more: Readonly<Record<string, unknown>> = {}) =>
    await callHook(hook, method, pair, signal, more)
  return {
    prepare: async (pair, signal) => await call('prepare', pair, signal),
    sync: async (pair, kind, signal) => {
      signal.throwIfAborted()
      if (kind === 'final') await undoLater(hook, 'from', pair.from, signal)
      const began = performance.now()
      const pass = await call('sync', pair, signal, { kind })
      const seconds = (performance.now() - began) / 1000
      const isLast = kind === 'final'
      return { ...pass, seconds, remainingBytes: isLast ? 0 : pass.remainingBytes, lagSeconds: pass.lagSeconds ?? (isLast ? 0 : seconds) }
    },
    verify: async (pair, signal) => (await call('verify', pair, signal)).differences,
    promote: async (pair, signal) => {
      await undoLater(hook, 'to', pair.to, signal)
      await call('promote', pair, signal)
    },
    reverse: async (pair, signal) => void (await call('reverse', pair, signal)),
    ...(hook.salvage === undefined
      ? {}
      : {
          salvage: async (pair: Pair, given: { readonly since: string | null; readonly label: string }, signal: AbortSignal) => {
            const { text, ...kept } = await call('salvage', pair, signal, given)
            return { ...kept, items: [], text: text === '' ? `kept by its hook${kept.place === null ? '' : ` as ${kept.place}`}.` : text }
          },
        }),
    ask: async (side, statement, signal) => {
      if (hook.ask === undefined) throw new LifeboatError('config-invalid', `The hook ${hook.name} has no command \`ask\`.`)
      await call('ask', { from: side, to: side }, signal, { statement })
    },
    release: async (pair, signal) => void (await call('release', pair, signal)),
  }
}

/** Leaves a command with the node that takes back what the next one does; nothing outside of an attempt. */
async function undoLater(hook: Hook, end: 'from' | 'to', side: Side, signal: AbortSignal): Promise<void> {
  const undo = hook.undo[end]
  if (undo === undefined || side.attempt === undefined) return
  await act(side, ['true'], { signal, undo: { id: `hook ${hook.name}`, command: ['sh', '-c', undo] } })
}

/** Runs one command. Fails with sync-failed and its last words, answer-malformed, timeout. */
async function callHook<Of extends Method>(
  hook: Hook,
  method: Of,
  pair: Pair,
  signal: AbortSignal,
  more: Readonly<Record<string, unknown>>,
): Promise<Answer<Of>> {
  const line = hook[method]
  if (line === undefined) return answers[method].parse({}) as Answer<Of>
  const place = await mkdtemp(path.join(tmpdir(), 'lifeboat-hook-'))
  try {
    const ssh = path.join(place, 'ssh_config')
    await writeFile(ssh, `${pair.from.sshConfig('from')}\n${pair.to.sshConfig('to')}\n`, { mode: 0o600 })
    const asked = { schema: protocol, method, name: hook.name, ...more, attempt: pair.from.attempt ?? null, from: endOf(pair.from), to: endOf(pair.to) }
    const secrets = Object.fromEntries(Object.entries(hook.env).map(([name, secret]) => [name, secret.reveal()]))
    const options = { signal, deadlineMs: hook.deadline, cwd: hook.folder, input: `${JSON.stringify(asked)}\n`, environment: { ...secrets, LIFEBOAT_SSH: ssh } }
    const { exitCode, stdout, stderr } = await exec('sh', ['-c', line], options)
    const words = withoutSecrets(stderr.trim().split('\n').at(-1) ?? '', Object.values(secrets))
    if (exitCode !== 0)
      throw new LifeboatError('sync-failed', `The hook ${hook.name} failed at ${method} (exit ${exitCode}): ${words === '' ? 'it said nothing' : words}`)
    return readAnswer(hook.name, method, stdout)
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

function endOf({ name, address, port, user }: Side) {
  return { side: name, address, port, user }
}

/** A hook's own words may repeat what it was given. */
function withoutSecrets(words: string, secrets: readonly string[]): string {
  return secrets.reduce((text, secret) => text.replaceAll(secret, '[secret]'), words)
}
