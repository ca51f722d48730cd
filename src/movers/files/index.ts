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

const schema = z.strictObject({
  kind: z.literal('files').describe('A folder tree, copied by rsync.'),
  name: z.string().optional().describe('How reports name it; the path by default.'),
  path: z.string().startsWith('/').describe('The folder, the same on both sides. It should be on a volume of its own.'),
  exclude: z.array(z.string()).default([]).describe('Patterns of rsync, relative to the path.'),
  linkMbps: z.number().positive().optional().describe('Megabits a second that its copies may take, but for the last one in the freeze; no limit by default.'),
})

export const files: MoverAdapter<typeof schema> = {
  schema,
  connect: async (config) => filesMover({ path: config.path, exclude: config.exclude, linkMbps: config.linkMbps }),
}

function filesMover(root: Root): Mover {
  const known = { ...nothingKnown }
  const survey = surveyOf(root)
  return {
    prepare: survey.prepare,
    sync: passes(root, known, survey.wayOf),
    ...comparisons(root, known),
    // The node opens as a whole; there is nothing about files that could be promoted, turned round or kept running.
    promote: async () => undefined,
    reverse: async () => undefined,
    release: async () => undefined,
  }
}
