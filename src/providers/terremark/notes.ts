// What an operator must know of vCloud Express beside its keys (docs/providers/terremark.md).
import type { Notes } from '../provider.ts'

export const terremarkNotes: Notes = {
  rights: [
    { for: 'inventory, plan', right: 'an account that may read' },
    { for: '`finish`: power the source off, or on again', right: 'the account that owns the machine' },
  ],
  cannotTell: [
    'Host name, firmware, tools and how full a disk is.',
    'Public addresses of a machine, but by its internet services.',
    'The power of a machine that was only ordered.',
    'What is inside a machine: services, ports, what writes where.',
    'Which of the rights below the account has.',
  ],
}
