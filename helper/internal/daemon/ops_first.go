package daemon

import (
	"context"
	"os"
	"slices"

	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/machine"
)

// beginFirst says whether a root is empty, or was when this first copy began (fresh): it may write each file where it belongs
// at once then. That is kept until endFirst, so that a copy which was broken off goes on with what it has.
func (d *Daemon) beginFirst(_ context.Context, r request) (answer, error) {
	root, mark, err := d.firstCopyOf(r)
	if err != nil {
		return nil, err
	}
	empty, err := isEmpty(root)
	if err != nil {
		return nil, err
	}
	if empty {
		err = durable.Write(mark, nil, 0o600)
	}
	return answer{"empty": empty, "fresh": durable.Exists(mark)}, err
}

// endFirst: from now on what lies there may be more than a copy.
func (d *Daemon) endFirst(_ context.Context, r request) (answer, error) {
	_, mark, err := d.firstCopyOf(r)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(mark); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	return nil, nil
}

func (d *Daemon) firstCopyOf(r request) (root, mark string, err error) {
	var f struct{ Root string }
	if err := r.read(&f); err != nil {
		return "", "", err
	}
	n := d.now()
	at := -1
	if n.Config != nil {
		at = slices.IndexFunc(n.Config.Roots, func(root machine.Root) bool { return root.Path == f.Root })
	}
	if at < 0 {
		return "", "", &machine.Refusal{Code: machine.Usage, Text: f.Root + " is no root of this move"}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return f.Root, d.paths.FirstCopy(at), d.mayReceive()
}

// isEmpty looks past what is put aside, and past what each file system of ext has from the beginning.
func isEmpty(root string) (bool, error) {
	entries, err := os.ReadDir(root)
	return !slices.ContainsFunc(entries, func(entry os.DirEntry) bool { return entry.Name() != aside && entry.Name() != "lost+found" }), err
}
