// A simulated machine and the helper on it: what docs/helper-protocol.md keeps on disk and in memory, as plain values.
import { LifeboatError, type Details, type ErrorCode } from '../../src/core/errors.ts'

export type Verdict = 'none' | 'promoted' | 'committed' | 'void'

export type Attempt = {
  readonly number: number
  readonly part: 'giver' | 'receiver'
  readonly boot: number
  readonly leaseMs: number
  readonly holdLimitMs: number
  /** What ran before the first effect (V9). */
  readonly ran: readonly string[]
  phase: 'opened' | 'held' | 'frozen' | 'sealed' | 'promoted' | 'done'
  /** When it began to hold clients; null: it does not. */
  heldAt: number | null
  leaseEnds: number
  budgetEnds: number
  over: boolean
  seal: Details | null
}

export type Helper = {
  readonly move: string
  owner: string
  token: number
  execution: string
  config: { readonly side: string; readonly units: readonly string[]; readonly services: readonly string[]; readonly peer: string } | null
  role: 'open' | 'closed' | null
  highest: number
  attempt: Attempt | null
  readonly verdicts: Map<number, Verdict>
  forwarding: 'none' | 'on' | 'rejecting'
  tombstone: boolean
  recording: boolean
  admitted: number
}

export type Machine = {
  readonly provider: string
  readonly id: string
  readonly address: string
  isOn: boolean
  isConnected: boolean
  boot: number
  snapshots: Set<string>
  /** Units that run. */
  readonly running: Set<string>
  readonly files: Map<string, string>
  /** What the recorder has named since both sides were last made equal. */
  readonly changed: Set<string>
  /** What a pass would have deleted. */
  readonly aside: Map<string, string>
  /** Rises with each change that the recorder sees. */
  sequence: number
  helper: Helper | null
}

export function newMachine(provider: string, id: string, address: string, units: readonly string[]): Machine {
  return {
    provider,
    id,
    address,
    isOn: true,
    isConnected: true,
    boot: 1,
    snapshots: new Set(),
    running: new Set(units),
    files: new Map(),
    changed: new Set(),
    aside: new Map(),
    sequence: 0,
    helper: null,
  }
}

export function newHelper(move: string): Helper {
  return {
    move,
    owner: '',
    token: 0,
    execution: '',
    config: null,
    role: null,
    highest: 0,
    attempt: null,
    verdicts: new Map(),
    forwarding: 'none',
    tombstone: false,
    recording: false,
    admitted: 0,
  }
}

/** A change that the recorder sees. */
export function write(machine: Machine, path: string, content: string): void {
  machine.files.set(path, content)
  machine.changed.add(path)
  machine.sequence++
}

/** Whether clients of this machine are served by it now. */
export function serves({ isOn, isConnected, running, helper }: Machine): boolean {
  if (!isOn || !isConnected || ![...running].some((unit) => unit.endsWith('.service'))) return false
  return helper?.role !== 'closed' && (helper?.attempt?.heldAt ?? null) === null
}

export function refusal(code: ErrorCode, text: string, details: Details = {}): LifeboatError {
  return new LifeboatError(code, text, { details: { ...details, refused: true } })
}
