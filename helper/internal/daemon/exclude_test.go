package daemon

import (
	"os"
	"path/filepath"
	"testing"

	"lifeboat/helper/internal/machine"
)

func TestExcludedAsRsyncDoes(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"cache/", "cache/x", true}, {"cache/", "a/cache/x/y", true}, {"cache/", "cache", false}, {"cache/", "cachet/x", false},
		{"/cache/", "cache/x", true}, {"/cache/", "a/cache/x", false}, {"*.tmp", "a/b.tmp", true}, {"*.tmp", "a.tmp/b", true},
		{"a/b", "a/b", true}, {"a/b", "a/b/c", true}, {"a/b", "x/a/b", false}, {"log", "log", true}, {"log", "catalog", false},
		{"none", ".lifeboat-deleted/1/x", true}, {"none", "a/.lifeboat-deleted", false},
	} {
		if got := excludedBy([]string{c.pattern}, c.path); got != c.want {
			t.Errorf("%q, %q: %v", c.pattern, c.path, got)
		}
	}
}

func TestDestinationLiesInARoot(t *testing.T) {
	base, _ := filepath.EvalSymlinks(t.TempDir())
	root, outside := filepath.Join(base, "shop"), filepath.Join(base, "etc")
	for _, dir := range []string{filepath.Join(root, "in"), outside} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.Symlink(outside, filepath.Join(root, "out"))
	os.Symlink(filepath.Join(outside, "new"), filepath.Join(root, "dangling"))
	os.Symlink(root, filepath.Join(base, "alias"))
	c := &machine.Config{Roots: []machine.Root{{Path: root}}}
	for path, in := range map[string]bool{
		root: true, root + "/": true, root + "/in/": true, root + "/new/deep": true, filepath.Join(base, "alias", "in"): true,
		outside: false, base: false, root + "x": false, root + "/../etc": false, root + "/out": false, root + "/out/x": false,
		root + "/dangling": false, root + "/in/../../etc": false, "shop": false, "": false,
	} {
		if _, err := rootOf(c, path); (err == nil) != in {
			t.Errorf("%q: %v", path, err)
		}
	}
}
