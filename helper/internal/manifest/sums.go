package manifest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"io"
	"os"
)

// Buckets is among how many the lines of a manifest are shared out by their paths, so that whoever compares two manifests
// fetches only the lines of those that differ.
const Buckets = 1 << 16

// sums holds for each bucket a sum of its lines, whatever their order.
type sums [Buckets]uint64

func (s *sums) add(text []byte) {
	hash := fnv.New64a()
	hash.Write(text)
	s[bucketOf(text)] += hash.Sum64()
}

func (s *sums) bytes() []byte {
	out := make([]byte, 0, 8*Buckets)
	for _, sum := range s {
		out = binary.BigEndian.AppendUint64(out, sum)
	}
	return out
}

// bucketOf is FNV-1a of 32 bits over the path as the line writes it, its lowest 16 bits.
func bucketOf(line []byte) uint32 {
	_, rest, _ := bytes.Cut(line, []byte{'\t'})
	path, _, _ := bytes.Cut(rest, []byte{'\t'})
	hash := fnv.New32a()
	hash.Write(path)
	return hash.Sum32() % Buckets
}

// Select copies the lines whose bucket is wanted (a bit for each, the lowest of a byte first), at most as many as the
// limit, and answers how many there are. wanted has Buckets bits.
func Select(file, into string, wanted []byte, limit int) (int, error) {
	in, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := os.Create(into)
	if err != nil {
		return 0, err
	}
	defer out.Close()
	reader, writer, count := bufio.NewReaderSize(in, 256<<10), bufio.NewWriterSize(out, 64<<10), 0
	for {
		text, err := reader.ReadBytes('\n')
		if err == io.EOF {
			return count, writer.Flush()
		}
		if err != nil {
			return count, err
		}
		if at := bucketOf(text); wanted[at/8]>>(at%8)&1 == 0 {
			continue
		}
		if count++; count <= limit {
			writer.Write(text)
		}
	}
}
