package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func start(t *testing.T) (*Recorder, string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	for _, dir := range []string{root, root + "/old", root + "/../aside"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile(root+"/old/file", []byte("x"), 0o644)
	exclude := func(relative string) bool {
		return relative == Aside || strings.HasPrefix(relative, Aside+"/") || strings.HasPrefix(relative, "cache/")
	}
	r, err := Start(t.TempDir(), "epoch", []Root{{root, exclude}}, func(int) bool { return false })
	if err != nil {
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EXDEV) || errors.Is(err, unix.EOPNOTSUPP) {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	return r, root
}

// by lets another program change things: this one's own changes are never noted.
func by(t *testing.T, root, script string) {
	t.Helper()
	command := exec.Command("sh", "-ec", script)
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %s", err, out)
	}
}

func drained(t *testing.T, r *Recorder) Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s, err := r.Drain(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// names: those that are gone have a minus in front.
func names(t *testing.T, r *Recorder, after int64) []string {
	t.Helper()
	lists, s, err := r.Names(after)
	if err != nil || s.Gap != "" {
		t.Fatalf("%v, gap %q", err, s.Gap)
	}
	got := []string{}
	for _, list := range []struct {
		file, sign string
		count      int64
	}{{lists[0].File, "", lists[0].Count}, {lists[0].GoneFile, "-", lists[0].GoneCount}} {
		content, err := os.ReadFile(list.file)
		if err != nil {
			t.Fatal(err)
		}
		found := strings.FieldsFunc(string(content), func(c rune) bool { return c == 0 })
		if int64(len(found)) != list.count {
			t.Fatalf("%d names, %d were told", len(found), list.count)
		}
		for _, name := range found {
			got = append(got, list.sign+name)
		}
	}
	slices.Sort(got)
	return got
}

func TestEveryKindOfChangeIsNamed(t *testing.T) {
	r, root := start(t)
	by(t, root, `echo a > new; echo b >> old/file; mkdir d; touch "d/a b"; mv old/file d/moved; ln -s x link; chmod 600 new
		mkdir cache; echo c > cache/x; mkdir ../aside/in; touch ../aside/in/deep; mv ../aside/in .; echo o > ../aside/elsewhere; rm d/moved`)
	drained(t, r)
	want := []string{"-d/moved", "-old/file", "cache", "d", "d/a b", "in", "in/deep", "link", "new", "old"}
	if got := names(t, r, 0); !slices.Equal(got, want) {
		t.Fatalf("%q, not %q", got, want)
	}
}

func TestWhatIsGoneStandsForAllThatWasBelow(t *testing.T) {
	r, root := start(t)
	by(t, root, `mkdir -p a/b/c turned/d; touch a/b/c/1 turned/d/2 "#x" one; ln one two; rm -r a turned; echo 3 > turned`)
	drained(t, r)
	want := []string{"-a", "./#x", "one", "turned", "two"}
	if got := names(t, r, 0); !slices.Equal(got, want) {
		t.Fatalf("%q, not %q", got, want)
	}
	if lists, _, _ := r.Names(0); lists[0].Linked != 2 {
		t.Fatalf("%d files have several names, not 2", lists[0].Linked)
	}
}

func TestSequenceStandsStillWhereNothingChanges(t *testing.T) {
	r, root := start(t)
	by(t, root, "echo a > one")
	first := drained(t, r)
	by(t, root, "cat one; ls -R; mkdir -p cache; stat one") // reading is no change, and the excluded folder itself is one
	again := drained(t, r)
	third := drained(t, r)
	if again.Sequence != third.Sequence || again.Sequence < first.Sequence {
		t.Fatalf("%d, %d, %d", first.Sequence, again.Sequence, third.Sequence)
	}
	by(t, root, "echo b >> one; echo x > cache/y")
	later := drained(t, r)
	if later.Sequence <= third.Sequence {
		t.Fatal("a change to a name that was noted before does not count")
	}
	if got := r.First(third.Sequence); filepath.Base(got) != "one" {
		t.Fatalf("the first is %q", got)
	}
	if got := r.First(later.Sequence); got != "" {
		t.Fatalf("%q came after everything", got)
	}
	if got := names(t, r, third.Sequence); !slices.Equal(got, []string{"one"}) {
		t.Fatalf("%q", got)
	}
}

func TestNothingIsMissedInFreshFolders(t *testing.T) {
	r, root := start(t)
	by(t, root, `for i in 1 2 3 4 5 6 7 8; do mkdir -p deep/$i; for j in $(seq 100); do echo > deep/$i/f$j; mv deep/$i/f$j deep/$i/g$j; done; mv deep/$i deep/m$i; done`)
	drained(t, r)
	got := names(t, r, 0)
	for i := 1; i <= 8; i++ {
		for j := 1; j <= 100; j++ {
			if name := fmt.Sprintf("deep/m%d/g%d", i, j); !slices.Contains(got, name) {
				t.Fatalf("%s is missing", name)
			}
		}
	}
}

func TestNamesFollowAFolderThatWasRenamed(t *testing.T) {
	r, root := start(t)
	by(t, root, "mkdir a; echo > a/1; mv a b")
	s := drained(t, r)
	by(t, root, "echo > b/2")
	drained(t, r)
	if got := names(t, r, s.Sequence); !slices.Equal(got, []string{"b", "b/2"}) {
		t.Fatalf("%q", got)
	}
}

func TestWhatAFolderTookWithItIsGoneWhereItsNameStandsAgain(t *testing.T) {
	r, root := start(t)
	by(t, root, "mkdir new; echo > new/1; mv old older; mv new old; mkdir d; mv d e; mv e d")
	drained(t, r)
	want := []string{"-d", "-e", "-new", "-old", "d", "old", "old/1", "older", "older/file"}
	if got := names(t, r, 0); !slices.Equal(got, want) {
		t.Fatalf("%q, not %q", got, want)
	}
}

func TestAnotherVolumeInPlaceOfARootIsAGap(t *testing.T) {
	r, root := start(t)
	if err := os.Rename(root, root+"2"); err != nil {
		t.Fatal(err)
	}
	os.Mkdir(root, 0o755)
	if s := r.Status(); s.Gap == "" {
		t.Fatal("it was not noticed")
	}
}

func TestCompactionKeepsWhatAnybodyMayAskFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := int64(1); i <= 20000; i++ {
		if err := j.add(entry{sequence: i, kind: changed, path: fmt.Sprintf("name %d", i%500)}); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(after int64) []string {
		got := map[string]bool{}
		if err := j.after(after, func(e entry) error { got[e.path] = true; return nil }); err != nil {
			t.Fatal(err)
		}
		list := []string{}
		for name := range got {
			list = append(list, name)
		}
		slices.Sort(list)
		return list
	}
	before, size := [][]string{ask(0), ask(19000), ask(19900), ask(20000)}, j.size
	if err := j.compact(path); err != nil {
		t.Fatal(err)
	}
	for i, after := range []int64{0, 19000, 19900, 20000} {
		if got := ask(after); !slices.Equal(got, before[i]) {
			t.Errorf("after %d: %d names, before %d", after, len(got), len(before[i]))
		}
	}
	if j.size*20 > size {
		t.Errorf("%d bytes became %d", size, j.size)
	}
}

func FuzzParseEvents(f *testing.F) {
	f.Add([]byte("\x18\x00\x00\x00\x03\x00\x18\x00aaaaaaaaaaaaaaaa"))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		parseEvents(raw, func(e event) {
			if e.handle != "" && len(e.handle) >= 4 {
				_ = e.fileHandle()
			}
		})
	})
}
