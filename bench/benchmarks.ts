// The one list of benchmarks.
import type { Benchmark } from './benchmark.ts'
import { inside100 } from './inside-100.ts'
import { inventory5000 } from './inventory-5000.ts'

export const benchmarks: readonly Benchmark[] = [inventory5000, inside100]
