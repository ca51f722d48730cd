// The clock of whoever runs commands, of their controller and of its database, set in the middle of a move.
import assert from 'node:assert/strict'
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { image, worldFolder } from '../../lab/place.ts'
import { sleep } from '../../src/io/wait.ts'
import { soon, type Fault } from './blow.ts'

const clockFile = path.join(worldFolder, 'clock')
const readWithinMs = 1500

/** The wall clock alone, as a person sets it; read anew within a second. */
const environment = (): Readonly<Record<string, string>> => ({
  LD_PRELOAD: globSync('usr/lib/*/faketime/libfaketimeMT.so.1', { cwd: image }).map((file) => path.join(image, file))[0] ?? assert.fail('no faketime'),
  FAKETIME_TIMESTAMP_FILE: clockFile,
  FAKETIME_CACHE_DURATION: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  DONT_FAKE_MONOTONIC: '1',
  NO_FAKE_STAT: '1',
})

/** So many seconds ahead, `+3600`, or behind. */
export function clockOff(seconds: string): Fault {
  return {
    get spec() {
      return { environment: environment() }
    },
    prepare: async () => {
      mkdirSync(worldFolder, { recursive: true })
      writeFileSync(clockFile, '+0')
      return await Promise.resolve(null)
    },
    // Signatures for the name server carry the time.
    // Set between a question and its answer, it is the answer that cannot be trusted.
    codes: ['dns-refused', 'answer-malformed'],
    bites: ['claim-names', 'lower-ttl', 'switch-dns'],
    lastsMs: 6000,
    cause: async () => {
      writeFileSync(clockFile, seconds)
      await sleep(readWithinMs, soon())
      return async () => {
        writeFileSync(clockFile, '+0')
        await sleep(readWithinMs, soon())
      }
    },
  }
}
