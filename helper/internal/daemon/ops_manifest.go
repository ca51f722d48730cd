package daemon

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/manifest"
	"lifeboat/helper/internal/roots"
)

var manifests atomic.Int64

// manifest writes a manifest of the roots asked for (all of the move when none is named) and says where it lies.
func (d *Daemon) manifest(ctx context.Context, r request) (answer, error) {
	var f struct {
		Roots   []string
		Content string
		Lists   []struct{ Root, File string }
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	n := d.now()
	if n.Config == nil {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: "this node is not configured yet"}
	}
	listed := map[string]map[string]struct{}{}
	for _, list := range f.Lists {
		names, err := readList(list.File)
		if err != nil {
			return nil, err
		}
		listed[list.Root] = names
	}
	if f.Content == "" {
		f.Content = "none"
	}
	if !slices.Contains([]string{"none", "all", "listed"}, f.Content) {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("content is %q, it must be none, all or listed", f.Content)}
	}
	if f.Roots == nil {
		for _, root := range n.Config.Roots {
			f.Roots = append(f.Roots, root.Path)
		}
	}
	jobs := []manifest.Job{}
	for _, path := range f.Roots {
		at := slices.IndexFunc(n.Config.Roots, func(root machine.Root) bool { return root.Path == path })
		if at < 0 {
			return nil, &machine.Refusal{Code: machine.Usage, Text: path + " is no root of this move"}
		}
		if err := roots.Same(path, n.Roots[path]); err != nil {
			return nil, &machine.Refusal{Code: machine.GateClosed, Text: err.Error()}
		}
		exclude := n.Config.Roots[at].Exclude
		jobs = append(jobs, manifest.Job{
			Root:    path,
			Exclude: func(relative string) bool { return excludedBy(exclude, relative) },
			Content: func(relative string) bool {
				_, is := listed[path][relative]
				return f.Content == "all" || f.Content == "listed" && is
			},
		})
	}
	// The last few stay, so that a caller who was interrupted can still read what he was told of.
	file := filepath.Join(d.paths.Record(), "manifest-"+strconv.FormatInt(manifests.Add(1)%4, 10))
	result, err := manifest.Write(ctx, file, jobs)
	if err != nil {
		return nil, err
	}
	return answer{"digest": result.Digest, "entries": result.Entries, "bytes": result.Bytes, "file": file}, nil
}

func readList(file string) (map[string]struct{}, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	names := map[string]struct{}{}
	for _, name := range bytes.Split(content, []byte{0}) {
		if len(name) > 0 {
			names[strings.TrimPrefix(string(name), "./")] = struct{}{}
		}
	}
	return names, nil
}
