// The one list of benchmarks.
import { auditWan } from './audit-wan.ts'
import type { Benchmark } from './benchmark.ts'
import { cutoverMariadb, cutoverRedis } from './cutover-databases.ts'
import { cutoverHttp } from './cutover-http.ts'
import { cutoverPostgres } from './cutover-postgres.ts'
import { demoPause } from './demo-pause.ts'
import { drift50 } from './drift-50.ts'
import { evidence } from './evidence.ts'
import { finalDelta1m, finalDelta200k } from './final-delta.ts'
import { bigFilesWan, smallFiles } from './first-copy.ts'
import { hooks } from './hooks.ts'
import { inside100 } from './inside-100.ts'
import { inventory5000 } from './inventory-5000.ts'
import { orchestrate1000, resume } from './orchestrate-1000.ts'
import { plan1000 } from './plan-1000.ts'
import { recorderStorm } from './recorder-storm.ts'
import { sse } from './sse.ts'

export const benchmarks: readonly Benchmark[] = [
  inventory5000,
  inside100,
  plan1000,
  finalDelta200k,
  finalDelta1m,
  auditWan,
  recorderStorm,
  smallFiles,
  bigFilesWan,
  cutoverHttp,
  cutoverPostgres,
  cutoverRedis,
  cutoverMariadb,
  demoPause,
  orchestrate1000,
  resume,
  drift50,
  evidence,
  hooks,
  sse,
]
