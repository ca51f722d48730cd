package hashes

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const boot = "this boot"

func statOf(t *testing.T, path string) *unix.Stat_t {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Lstat(path, &stat); err != nil {
		t.Fatal(err)
	}
	return &stat
}

// kept is a cache file that knows one file, and that file.
func kept(t *testing.T) (cache, file string, sum Sum) {
	t.Helper()
	folder := t.TempDir()
	cache, file, sum = filepath.Join(folder, "cache"), filepath.Join(folder, "file"), sha256.Sum256([]byte("content"))
	os.WriteFile(file, []byte("content"), 0o600)
	c := Open(cache, boot)
	c.Remember(time.Now().Add(time.Hour))
	c.Keep(statOf(t, file), sum)
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	return cache, file, sum
}

func TestAFileIsKnownUntilAnythingOfItChanges(t *testing.T) {
	cache, file, sum := kept(t)
	if found, known := Open(cache, boot).Find(statOf(t, file)); !known || found != sum {
		t.Fatal("not known")
	}
	was := statOf(t, file)
	time.Sleep(20 * time.Millisecond) // the clock of the file system stands still between two ticks
	os.WriteFile(file, []byte("CONTENT"), 0o600)
	os.Chtimes(file, time.Time{}, time.Unix(was.Mtim.Unix()))
	if is := statOf(t, file); is.Mtim != was.Mtim || is.Size != was.Size {
		t.Fatal("this test does not put the time back")
	}
	if _, known := Open(cache, boot).Find(statOf(t, file)); known {
		t.Fatal("known by size and mtime alone")
	}
}

func TestAnotherBootKnowsNothing(t *testing.T) {
	cache, file, _ := kept(t)
	if _, known := Open(cache, "another boot").Find(statOf(t, file)); known {
		t.Fatal("known")
	}
}

func TestWhatChangedALittleBeforeTheFlushIsNotRemembered(t *testing.T) {
	cache, file, sum := kept(t)
	for seconds, remembered := range map[time.Duration]bool{-1: false, 1: false, 3: true} {
		os.Remove(cache)
		c := Open(cache, boot)
		c.Remember(time.Unix(statOf(t, file).Ctim.Unix()).Add(seconds * time.Second))
		c.Keep(statOf(t, file), sum)
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
		if _, known := Open(cache, boot).Find(statOf(t, file)); known != remembered {
			t.Errorf("%d s: %t", seconds, known)
		}
	}
}

func TestWhatIsSeenAgainStaysKnown(t *testing.T) {
	cache, file, sum := kept(t)
	other := file + "-other"
	os.WriteFile(other, nil, 0o600)
	c := Open(cache, boot)
	c.Remember(time.Now().Add(time.Hour))
	c.Find(statOf(t, file))
	c.Keep(statOf(t, other), sum)
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	again := Open(cache, boot)
	for _, path := range []string{file, other} {
		if _, known := again.Find(statOf(t, path)); !known {
			t.Errorf("%s is not known", path)
		}
	}
}

func TestWhatIsNotSeenAnyMoreIsForgotten(t *testing.T) {
	cache, file, sum := kept(t)
	other := file + "-other"
	os.WriteFile(other, nil, 0o600)
	c := Open(cache, boot)
	c.Remember(time.Now().Add(time.Hour))
	c.Keep(statOf(t, other), sum)
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	again := Open(cache, boot)
	if _, known := again.Find(statOf(t, file)); known {
		t.Error("the file that was not seen is known")
	}
	if _, known := again.Find(statOf(t, other)); !known {
		t.Error("the other is not")
	}
}

// A cache that was torn, cut or changed in any way is an empty one, never a wrong one.
func FuzzATornCacheIsEmpty(f *testing.F) {
	f.Add(0, byte(1), 0)
	f.Add(20, byte(0xff), 0)
	f.Add(90, byte(8), 0)
	f.Add(0, byte(0), 7)
	f.Add(0, byte(0), 48)
	f.Fuzz(func(t *testing.T, at int, flip byte, cut int) {
		cache, file, _ := kept(t)
		content, _ := os.ReadFile(cache)
		if at < 0 || at >= len(content) || cut < 0 || cut >= len(content) || flip == 0 && cut == 0 {
			t.Skip()
		}
		content[at] ^= flip
		os.WriteFile(cache, content[:len(content)-cut], 0o600)
		if _, known := Open(cache, boot).Find(statOf(t, file)); known {
			t.Fatal("known")
		}
	})
}
