// The command line of the product in a process that knows the kind `simulated`; it asks a controller, never the world.
import { registerKinds } from './adapters.ts'

registerKinds(async () => await Promise.reject(new Error('A command asks no node.')))
await import('../../src/cli.ts')
