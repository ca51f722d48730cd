// The tags of what we create, by which it is found again, and the one that says that a volume holds data.
import type { Ownership } from '../provider.ts'

export const tagKeys = {
  project: 'lifeboat:project',
  stack: 'lifeboat:stack',
  /** The name of the object in its stack. */
  object: 'lifeboat:object',
  move: 'lifeboat:move',
  /** The run that created it; a later run leaves it as it is. */
  run: 'lifeboat:run',
  /** Set and removed by us at run time, ignored by the engine. */
  holdsData: 'lifeboat:holds-data',
  /** On a fenced instance: the groups that its network cards had. */
  fencedGroups: 'lifeboat:fenced-groups',
} as const

/** The tags of one object. */
export function tagsOf(owner: Ownership, object: string): Record<string, string> {
  return {
    Name: `${owner.project}-${object}`,
    [tagKeys.project]: owner.project,
    [tagKeys.stack]: owner.stack,
    [tagKeys.object]: object,
    ...(owner.move === null ? {} : { [tagKeys.move]: owner.move }),
    [tagKeys.run]: owner.run,
  }
}

/** For `ignoreChanges`: who created an object stays written on it. */
export const keepsRun: string[] = [`tags["${tagKeys.run}"]`]
