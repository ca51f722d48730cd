// The version of this build, as package.json has it. Imported, so that a build carries the file along.
import described from '../package.json' with { type: 'json' }

export const version: string = described.version
/** Which versions of Node this build runs on, as `>=22.18`. */
export const nodeNeeded: string = described.engines.node
