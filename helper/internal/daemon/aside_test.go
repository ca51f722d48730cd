package daemon

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNamesArePutAsideAndNothingElse(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	for _, file := range []string{"gone/deep/file", "kept/cache/x", "kept/y", "#odd"} {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(outside, "theirs"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	keeps := func(name string) bool { return excludedBy([]string{"cache/"}, name) }
	for _, one := range []struct {
		name          string
		moved, refuse bool
	}{
		{"gone", true, false},
		{"gone", false, false}, // again: it is done
		{"#odd", true, false},
		{"link/theirs", false, false}, // nothing of this root is there
		{"link", true, false},         // the link itself is
		{"kept", false, true},         // it holds what the move leaves out
		{"kept/y", true, false},
		{"kept/cache/x", false, true},
		{"../theirs", false, true},
		{"/etc/hostname", false, true},
		{aside + "/pass", false, true},
	} {
		moved, err := moveAside(root, one.name, "pass", keeps)
		if moved != one.moved && err == nil || (err != nil) != one.refuse {
			t.Errorf("%s: moved %v, %v", one.name, moved, err)
		}
	}
	for _, there := range []string{
		filepath.Join(outside, "theirs"), filepath.Join(root, "kept/cache/x"), filepath.Join(root, aside, "pass/gone/deep/file"), filepath.Join(root, aside, "pass/#odd"),
	} {
		if _, err := os.Lstat(there); err != nil {
			t.Error(err)
		}
	}
}
