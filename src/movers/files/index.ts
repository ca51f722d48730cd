// Files: rsync, pushed by the side that serves with the key of the run; the helper of the receiving side lets it in only
// while that side is closed. Passes after the first two carry what the recorders name; whatever is not sure makes a pass
// a whole one.
import { z } from 'zod'
import type { Mover, MoverAdapter } from '../mover.ts'
import { comparisons } from './compare.ts'
import { nothingKnown } from './known.ts'
import { passes } from './pass.ts'
import { surveyOf } from './prepare.ts'
import type { Root } from './rsync.ts'
import { salvageOf } from './salvage.ts'
import { readOwners, transplant, whatStays } from './system/index.ts'

const schema = z
  .strictObject({
    kind: z.literal('files').describe('A folder tree, copied by rsync.'),
    name: z.string().optional().describe('How reports name it; the path by default.'),
    path: z.string().startsWith('/').describe('The folder, the same on both sides. It should be on a volume of its own.'),
    exclude: z.array(z.string()).default([]).describe('Patterns of rsync, relative to the path.'),
    linkMbps: z.number().positive().optional().describe('Megabits a second that its copies may take, but for the last one in the freeze; no limit by default.'),
    profile: z.literal('system').optional().describe('With path: /, the whole system but for what belongs to its machine.'),
  })
  .refine(({ profile, path }) => profile === undefined || path === '/', { path: ['path'], error: 'must be / with profile: system' })
  .refine(({ profile, path }) => profile !== undefined || path !== '/', {
    path: ['path'],
    error: 'must not be / without profile: system: the copy would take what belongs to the machine',
  })

type FilesConfig = z.infer<typeof schema>

/** What is left out. */
function excludedBy({ profile, exclude }: FilesConfig): readonly string[] {
  return profile === 'system' ? [...whatStays, ...exclude] : exclude
}

export const files: MoverAdapter<typeof schema> = {
  schema,
  root: (config) => ({ path: config.path, exclude: excludedBy(config) }),
  connect: async (config) => {
    const root = { path: config.path, exclude: excludedBy(config), linkMbps: config.linkMbps }
    if (config.profile === undefined) return filesMover(root)
    const system = { ...root, system: { owners: readOwners } }
    return transplant(root.exclude, filesMover(system))
  },
}

function filesMover(root: Root): Mover {
  const known = { ...nothingKnown }
  const survey = surveyOf(root)
  return {
    prepare: survey.prepare,
    sync: passes(root, known, survey.wayOf),
    ...comparisons(root, known),
    salvage: salvageOf(root),
    // The node opens as a whole; there is nothing about files that could be promoted, turned round or kept running.
    promote: async () => undefined,
    reverse: async () => undefined,
    release: async () => undefined,
  }
}
