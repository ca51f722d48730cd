// The version of this build, as package.json has it. Imported, so that a build carries the file along.
import described from '../package.json' with { type: 'json' }

export const version: string = described.version
