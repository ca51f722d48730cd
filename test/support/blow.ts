// What a fault of the matrix is made of (fault-cases.ts names them, blows.ts has them).
import path from 'node:path'
import type { TestContext } from 'node:test'
import { Client } from 'pg'
import type { WorldSpec } from '../../lab/spec.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { StepName } from '../../src/core/runbook.ts'
import type { Moments } from './moment.ts'
import type { Scene } from './scenario.ts'

/** The scene while its controller waits at a moment. */
type Place = { readonly scene: Scene; readonly moments: Moments; /** URL of the journal's database. */ readonly url: string }

export type Fault = {
  readonly spec?: Partial<WorldSpec>
  /** Before the first command; answers the URL of the journal's database where that is not the embedded one. */
  readonly prepare?: (scene: Scene, t: TestContext) => Promise<string | null>
  /** What a command may end with because of it. */
  readonly codes: readonly ErrorCode[]
  /** Steps at which it cannot pass unnoticed; absent: all of them. */
  readonly bites?: readonly StepName[]
  /** What the journal says when it was noticed and no command failed. */
  readonly sign?: RegExp
  /** How long it lasts at most; it goes when the command has ended. */
  readonly lastsMs: number
  /** The controller ends with it, and the next command finds it gone. */
  readonly ends?: true
  /** A command that is given while it lasts is answered, too. */
  readonly answers?: true
  /** Causes it; answers how to mend it. */
  readonly cause: (place: Place) => Promise<() => Promise<unknown>>
}

/** Longer than causing or mending any of them takes. */
export const soon = (): AbortSignal => AbortSignal.timeout(60_000)

export const stateOf = (scene: Scene): string => path.join(scene.folder, '.lifeboat')

/** Nothing has to be mended. */
export const goesByItself = async (): Promise<void> => await Promise.resolve()

export async function withClient(url: string, act: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await act(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
