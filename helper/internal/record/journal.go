package record

import (
	"bufio"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"strconv"
	"strings"
)

const (
	compactAt = 32 << 20  // bytes
	fullAt    = 256 << 20 // bytes, with nothing left to compact: the recorder gives up and says so (V14)
	step      = 1 << 16   // bytes between two places that are remembered
)

// journal is the list of changed names in the order of their sequence numbers. It lives as long as the epoch: what
// happened while no recorder ran is unknown in any case, so it is never read by another process.
type journal struct {
	file  *os.File
	out   *bufio.Writer
	size  int64
	limit int64
	marks []mark
}

type mark struct{ sequence, offset int64 }

// entry is one changed name.
type entry struct {
	sequence int64
	root     int
	kind     byte
	path     string
}

const (
	changed = 'n'
	came    = 'd' // a folder came under this name: everything below it has changed its name too
	went    = 'w' // a folder went from this name, with everything below it
)

func openJournal(path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return &journal{file: file, out: bufio.NewWriterSize(file, 32<<10), limit: compactAt}, nil
}

func (j *journal) add(e entry) error {
	if len(j.marks) == 0 || j.size-j.marks[len(j.marks)-1].offset > step {
		j.marks = append(j.marks, mark{e.sequence, j.size})
	}
	n, err := j.out.WriteString(e.text())
	j.size += int64(n)
	return err
}

func (e entry) text() string {
	return strconv.FormatInt(e.sequence, 10) + " " + strconv.Itoa(e.root) + " " + string(e.kind) + " " + e.path + "\x00"
}

// after calls each for the entries with a higher sequence.
func (j *journal) after(sequence int64, each func(entry) error) error {
	if err := j.out.Flush(); err != nil {
		return err
	}
	from := int64(0)
	for _, m := range j.marks {
		if m.sequence > sequence {
			break
		}
		from = m.offset
	}
	in := bufio.NewReaderSize(io.NewSectionReader(j.file, from, j.size-from), 64<<10)
	for {
		text, err := in.ReadString(0)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		e, err := parseEntry(strings.TrimSuffix(text, "\x00"))
		if err != nil {
			return err
		}
		if e.sequence > sequence {
			if err := each(e); err != nil {
				return err
			}
		}
	}
}

func parseEntry(text string) (entry, error) {
	fields := strings.SplitN(text, " ", 4)
	if len(fields) != 4 || len(fields[2]) != 1 {
		return entry{}, fmt.Errorf("the journal holds %.60q", text)
	}
	sequence, err1 := strconv.ParseInt(fields[0], 10, 64)
	root, err2 := strconv.Atoi(fields[1])
	if err1 != nil || err2 != nil {
		return entry{}, fmt.Errorf("the journal holds %.60q", text)
	}
	return entry{sequence, root, fields[2][0], fields[3]}, nil
}

var seed = maphash.MakeSeed()

func (e entry) key() uint64 {
	return maphash.String(seed, e.text()[strings.IndexByte(e.text(), ' '):])
}

// compact keeps the last entry of each name: whoever asks for what came after a number gets the name all the same.
func (j *journal) compact(path string) error {
	last := map[uint64]int64{}
	if err := j.after(-1, func(e entry) error { last[e.key()] = e.sequence; return nil }); err != nil {
		return err
	}
	shorter, err := openJournal(path + ".new")
	if err != nil {
		return err
	}
	err = j.after(-1, func(e entry) error {
		if last[e.key()] != e.sequence {
			return nil
		}
		return shorter.add(e)
	})
	if err == nil {
		err = shorter.out.Flush()
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		shorter.file.Close()
		return err
	}
	j.file.Close()
	shorter.limit = max(compactAt, 2*shorter.size)
	*j = *shorter
	return nil
}
