// The server types of Hetzner. Their prices rose on 2026-06-15, and no list of them since then was at hand: they are not
// known here, until lifeboat.yaml gives them.
import type { ListedSize, SizeList } from '../size-list.ts'

const GiB = 1024

function sizes(
  family: 'shared' | 'dedicated',
  architecture: ListedSize['architecture'],
  figures: readonly (readonly [string, number, number])[],
): ListedSize[] {
  return figures.map(([name, cpus, memoryGiB]) => ({ name, cpus, memoryMiB: memoryGiB * GiB, architecture, shared: family === 'shared', monthly: null }))
}

export const hcloudSizes: SizeList = {
  kind: 'hcloud',
  takenAt: '2026-05-27',
  origin:
    "sizes: lists of Hetzner's server types in public repositories and documentation of 2025 and 2026, most in two of them; cx43 and cax41 in one, cpx22 in one against another; volume price: Hetzner's pricing API, fsn1, without VAT, as devantler-tech/platform cb791c6f quotes it of 2026-05-27 (the rise of 2026-06-15 left volumes out); no prices of servers and addresses",
  currency: 'EUR',
  volumePerGiB: 0.0572,
  address: null,
  smallestVolumeGiB: 10,
  // The public one and three private networks.
  maxNics: 4,
  maxVolumes: 16,
  sizes: [
    ...sizes('shared', 'x86_64', [
      ['cx23', 2, 4],
      ['cx33', 4, 8],
      ['cx43', 8, 16],
      ['cpx22', 2, 4],
      ['cpx32', 4, 8],
    ]),
    ...sizes('shared', 'arm64', [
      ['cax11', 2, 4],
      ['cax21', 4, 8],
      ['cax31', 8, 16],
      ['cax41', 16, 32],
    ]),
    ...sizes('dedicated', 'x86_64', [
      ['ccx13', 2, 8],
      ['ccx23', 4, 16],
      ['ccx33', 8, 32],
    ]),
  ],
}
