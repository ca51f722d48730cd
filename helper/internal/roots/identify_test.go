package roots

import "testing"

func TestNamesAreRelativeToTheRootThatTheyAreIn(t *testing.T) {
	for _, c := range []struct {
		root, path, name string
		in               bool
	}{
		{"/srv", "/srv", ".", true},
		{"/srv", "/srv/a/b", "a/b", true},
		{"/srv", "/srvs", "", false},
		{"/srv", "/", "", false},
		{"/", "/", ".", true},
		{"/", "/etc/passwd", "etc/passwd", true},
	} {
		name, in := Within(c.root, c.path)
		if in != c.in || in && name != c.name {
			t.Errorf("%s in %s: %q, %v", c.path, c.root, name, in)
		}
	}
}
