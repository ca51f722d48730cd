package daemon

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lifeboat/helper/internal/hashes"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/manifest"
	"lifeboat/helper/internal/roots"
)

// manifests is what is being compared: the newest question is the one that somebody waits for.
type manifests struct {
	mu   sync.Mutex
	made int64
	stop context.CancelFunc
}

// begin ends the one before, whose files stay: its caller may be reading them.
func (m *manifests) begin(parent context.Context) (ctx context.Context, number int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stop != nil {
		m.stop()
	}
	m.made++
	ctx, m.stop = context.WithCancel(parent)
	return ctx, m.made % 2
}

// manifest writes a manifest of one root, or of the names in it that are asked for, and says where it lies.
func (d *Daemon) manifest(ctx context.Context, r request) (answer, error) {
	var f struct {
		Root     string
		Content  bool
		Remember bool
		Names    []byte // NUL-separated, relative to the root; base64 in JSON
		Listed   bool
		// Numbers of this side -> numbers that are written.
		Users, Groups   map[uint32]uint32
		TimelessFolders bool
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	job, err := d.manifestJob(f.Root)
	if err != nil {
		return nil, err
	}
	if job.Content = f.Content; f.Listed {
		if job.Names, err = namesOf(f.Names); err != nil {
			return nil, err
		}
	} else if f.Content {
		name := sha256.Sum256([]byte(f.Root))
		job.Hashes = hashes.Open(d.paths.Hashes(hex.EncodeToString(name[:8])), d.bootID)
		defer debug.FreeOSMemory() // the program is small all the rest of the time
	}
	job.Gently = f.Remember
	job.Owners, job.TimelessFolders = manifest.Owners{Users: f.Users, Groups: f.Groups}, f.TimelessFolders
	if f.Remember && job.Hashes != nil {
		flushed := time.Now()
		if err := roots.Flush(f.Root); err != nil {
			return nil, err
		}
		job.Hashes.Remember(flushed)
	}
	ctx, number := d.manifests.begin(ctx)
	file := filepath.Join(d.paths.Record(), "manifest-"+strconv.FormatInt(number, 10))
	result, err := manifest.Write(ctx, file, file+".sums", []manifest.Job{job})
	if err != nil {
		return nil, err
	}
	if f.Remember && job.Hashes != nil {
		if err := job.Hashes.Save(); err != nil {
			return nil, fmt.Errorf("what was read cannot be remembered: %w", err)
		}
	}
	return answer{"digest": result.Digest, "entries": result.Entries, "bytes": result.Bytes, "read": result.Read, "file": file, "sums": file + ".sums"}, nil
}

// manifestJob is everything under a root, without contents; it refuses what is no root, or not the same folder any more.
func (d *Daemon) manifestJob(path string) (manifest.Job, error) {
	n := d.now()
	if n.Config == nil {
		return manifest.Job{}, &machine.Refusal{Code: machine.GateClosed, Text: "this node is not configured yet"}
	}
	at := slices.IndexFunc(n.Config.Roots, func(root machine.Root) bool { return root.Path == path })
	if at < 0 {
		return manifest.Job{}, &machine.Refusal{Code: machine.Usage, Text: path + " is no root of this move"}
	}
	if err := roots.Same(path, n.Roots[path]); err != nil {
		return manifest.Job{}, &machine.Refusal{Code: machine.GateClosed, Text: err.Error()}
	}
	exclude := n.Config.Roots[at].Exclude
	return manifest.Job{Root: path, Exclude: func(relative string) bool { return excludedBy(exclude, relative) }}, nil
}

// namesOf reads what a caller asks for; a name that leaves the root is refused.
func namesOf(list []byte) ([]string, error) {
	names := []string{}
	for _, name := range bytes.Split(list, []byte{0}) {
		if len(name) == 0 {
			continue
		}
		text := strings.TrimPrefix(string(name), "./")
		if !filepath.IsLocal(text) || filepath.Clean(text) != text {
			return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("%q is no name in a root", text)}
		}
		names = append(names, text)
	}
	return names, nil
}

// manifestLines picks the lines of some buckets of a manifest that was written before.
func (d *Daemon) manifestLines(_ context.Context, r request) (answer, error) {
	var f struct {
		File    string
		Buckets []byte // a bit for each; base64 in JSON
		Limit   int
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	if !d.isWritten(f.File) || !strings.HasPrefix(filepath.Base(f.File), "manifest-") {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("%q is no manifest", f.File)}
	}
	if len(f.Buckets) != manifest.Buckets/8 {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("%d bytes of buckets, they must be %d", len(f.Buckets), manifest.Buckets/8)}
	}
	count, err := manifest.Select(f.File, f.File+".lines", f.Buckets, f.Limit)
	if os.IsNotExist(err) {
		return nil, &machine.Refusal{Code: machine.Usage, Text: f.File + " is not there any more"}
	}
	return answer{"file": f.File + ".lines", "count": count}, err
}

const listBytes = 1 << 20

// readList answers a part of what other answers only name: files of names, manifests and their lines.
func (d *Daemon) readList(_ context.Context, r request) (answer, error) {
	var f struct {
		File   string
		Offset int64
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	if !d.isWritten(f.File) {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("%q is no list", f.File)}
	}
	file, err := os.Open(f.File)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content := make([]byte, listBytes)
	n, err := file.ReadAt(content, f.Offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return answer{"content": content[:n], "more": n == listBytes}, nil
}

// isWritten: a name that this program gave to a file of its own.
func (d *Daemon) isWritten(file string) bool { return filepath.Dir(file) == d.paths.Record() }
