// Package hashes remembers what was read, so that a file that has not changed since is not read again. A file is known by
// device, inode, size, mtime and ctime: no program can set the last of them.
package hashes

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"os"
	"slices"
	"sort"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	magic      = "lifeboat hashes 1\n"
	keySize    = 16
	recordSize = keySize + sha256.Size
	atMost     = 2_000_000 // files: 96 MB, on disk and while a tree is read
	// A clock of a file system may stand still for as long as this (ext3, ext4 with small inodes: 1 s): a later write
	// within that time would have the same ctime.
	racy = 2 * time.Second
)

// Sum is the SHA-256 of a content.
type Sum = [sha256.Size]byte

// Cache is what is known of one root. The zero value knows nothing and remembers nothing.
type Cache struct {
	file  string
	boot  Sum
	clean int64  // ctime in ns: what changed later is not remembered
	old   []byte // records, sorted by key

	mu    sync.Mutex
	fresh [][recordSize]byte
	read  bool // something was not known
}

// Open reads a cache; one that is missing, torn, or of another boot is empty. What a loss of power made of a file may have
// the times of a content that was only in memory, so nothing is believed over a boot.
func Open(file, boot string) *Cache {
	c := &Cache{file: file, boot: sha256.Sum256([]byte(boot))}
	content, err := os.ReadFile(file)
	head := append([]byte(magic), c.boot[:]...)
	if err != nil || len(content) < len(head)+crc32.Size || !bytes.HasPrefix(content, head) {
		return c
	}
	body, check := content[:len(content)-crc32.Size], content[len(content)-crc32.Size:]
	records := body[len(head):]
	if crc32.Checksum(body, castagnoli) == binary.BigEndian.Uint32(check) && len(records)%recordSize == 0 {
		c.old = records
	}
	return c
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Remember makes Keep work. flushed is when the file system began to be written to its disk, which must have ended since:
// only after that does a write to a page that was mapped before change a ctime again.
func (c *Cache) Remember(flushed time.Time) { c.clean = flushed.Add(-racy).UnixNano() }

// Find answers the content of a file as it was read when it had this stat.
func (c *Cache) Find(stat *unix.Stat_t) (sum Sum, known bool) {
	if len(c.old) == 0 {
		return sum, false
	}
	key := keyOf(stat)
	count := len(c.old) / recordSize
	at := sort.Search(count, func(i int) bool { return bytes.Compare(c.old[i*recordSize:i*recordSize+keySize], key[:]) >= 0 })
	if at == count || !bytes.Equal(c.old[at*recordSize:at*recordSize+keySize], key[:]) {
		return sum, false
	}
	copy(sum[:], c.old[at*recordSize+keySize:])
	c.keep(stat, sum, false)
	return sum, true
}

// Keep remembers the content of a file that had this stat before and after it was read.
func (c *Cache) Keep(stat *unix.Stat_t, sum Sum) { c.keep(stat, sum, true) }

func (c *Cache) keep(stat *unix.Stat_t, sum Sum, isNew bool) {
	if stat.Ctim.Nano() >= c.clean {
		return
	}
	var record [recordSize]byte
	key := keyOf(stat)
	copy(record[:], key[:])
	copy(record[keySize:], sum[:])
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.fresh) < atMost {
		c.fresh = append(c.fresh, record)
		c.read = c.read || isNew
	}
}

// Save puts what was found and kept in the place of the file. It does not wait for the disk: a torn cache is empty.
func (c *Cache) Save() error {
	if !c.read {
		return nil
	}
	slices.SortFunc(c.fresh, func(a, b [recordSize]byte) int { return bytes.Compare(a[:keySize], b[:keySize]) })
	content := make([]byte, 0, len(magic)+len(c.boot)+len(c.fresh)*recordSize+crc32.Size)
	content = append(append(content, magic...), c.boot[:]...)
	for i := range c.fresh {
		content = append(content, c.fresh[i][:]...)
	}
	content = binary.BigEndian.AppendUint32(content, crc32.Checksum(content, castagnoli))
	if err := os.WriteFile(c.file+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(c.file+".new", c.file)
}

func keyOf(stat *unix.Stat_t) [keySize]byte {
	var text [48]byte
	for i, number := range []int64{int64(stat.Dev), int64(stat.Ino), stat.Size, stat.Mtim.Nano(), stat.Ctim.Nano()} {
		binary.BigEndian.PutUint64(text[8*i:], uint64(number))
	}
	sum := sha256.Sum256(text[:])
	return [keySize]byte(sum[:keySize])
}
