// Holds a program to the rules: what breaks one is refused as it is declared, before the engine hears of it.
import { runtime } from '@pulumi/pulumi'
import { LifeboatError } from '../../core/errors.ts'
import type { Outputs } from '../provider.ts'
import { breachesOf, type Allowed } from './rules.ts'

/** Runs the program. Fails with target-refused, naming the rule. */
export async function held(allowed: Allowed, program: () => Promise<Outputs>): Promise<Outputs> {
  runtime.registerStackTransformation(({ type, name, props, opts: { protect, retainOnDelete } }) => {
    const [breach] = breachesOf({ type, name, props, protect: protect === true, retainOnDelete: retainOnDelete === true }, allowed)
    if (breach === undefined) return
    throw new LifeboatError('target-refused', `${breach.text}: the rule \`${breach.rule}\` forbids that.`, { details: { rule: breach.rule, name } })
  })
  return await program()
}
