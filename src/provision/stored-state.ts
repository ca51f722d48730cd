// The state of a stack as the engine keeps it. Of a file backend it is read where it lies: a run of the CLI for each of a
// hundred stacks takes longer than everything else that is asked of them.
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { LockedStack } from './locks.ts'
import { exportSchema, exportState, type Export } from './pending.ts'
import type { Open } from './session.ts'
import { backendFolderOf } from './work-folder.ts'

/** Each write of the engine puts a whole file in the place of the one before. */
const fileSchema = z.object({ checkpoint: z.object({ latest: exportSchema.shape.deployment }) })

/** Null: there is no such stack. Secrets stay ciphertext. */
export async function storedState(at: LockedStack, open: Open): Promise<Export | null> {
  const backend = backendFolderOf(at.backendUrl)
  if (backend === null) return await exported(open)
  const file = stateFileOf(backend, at)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  })
  if (text !== null) return { deployment: fileSchema.parse(JSON.parse(text)).checkpoint.latest }
  // PULUMI_DIY_BACKEND_GZIP or _ZSTD is set.
  const packed = await Promise.all(
    ['.gz', '.zst'].map((end) =>
      access(file + end).then(
        () => true,
        () => false,
      ),
    ),
  )
  return packed.includes(true) ? await exported(open) : null
}

async function exported({ orNull }: Open): Promise<Export | null> {
  const session = await orNull()
  return session === null ? null : await exportState(session)
}

export function stateFileOf(backend: string, { project, stack }: Pick<LockedStack, 'project' | 'stack'>): string {
  return join(backend, '.pulumi', 'stacks', project, `${stack}.json`)
}

/** Outputs of the last `up`; none where it never ended. */
export function outputsIn({ deployment }: Export): Readonly<Record<string, unknown>> {
  const root = (deployment?.resources ?? []).find(({ type }) => type === 'pulumi:pulumi:Stack')
  return Object.fromEntries(Object.entries(root?.outputs ?? {}).map(([name, value]) => [name, isSecret(value) ? '[secret]' : value]))
}

function isSecret(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '4dabf18193072939515e22adb298388d' in value
}
