// The program of a controller.
import { flushCompileCache } from 'node:module'
import { keepCompiled } from '../io/compiled.ts'

keepCompiled()
await import('./run.ts')
// It may end by a signal.
flushCompileCache()
