package manifest

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lifeboat/helper/internal/hashes"
)

func shell(t *testing.T, folder, script string) {
	t.Helper()
	command := exec.Command("sh", "-ec", script)
	command.Dir = folder
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %s", script, out)
	}
}

func pathsOf(text string) string {
	paths := []string{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		fields := strings.Split(line, "\t")
		paths = append(paths, fields[1]+" "+fields[2])
	}
	return strings.Join(paths, "|")
}

func TestAListIsComparedWithTheFoldersAboveItAndWhatIsGone(t *testing.T) {
	root := tree(t)
	shell(t, root, `ln -s b through; touch -h -d @1700000000 through; mkdir other`)
	job := Job{Root: root, Exclude: exclude, Content: true, Names: []string{"b/c/one", "was/here", "through/c/one", "cache/no", "b"}}
	result, text := writeJob(t, job)
	if is := pathsOf(text); is != ". d|b d|b/c d|b/c/one f|through l|through/c -|through/c/one -|was -|was/here -" {
		t.Fatal(is)
	}
	if result.Entries != 5 {
		t.Error(result.Entries)
	}
	shell(t, root, `echo change > "a b/two"; rmdir other`)
	if again, _ := writeJob(t, job); again.Digest != result.Digest {
		t.Error("a name that is not listed counts")
	}
	for name, script := range map[string]string{
		"content":              `printf 'ONE\n' > b/c/one; touch -d @1700000000.123456789 b/c/one`,
		"a name that was gone": `mkdir was; touch was/here`,
		"the folder's time":    `touch b/c`,
		"a folder instead":     `rm b/c/one; mkdir b/c/one`,
		"a link above":         `mv b elsewhere; ln -s elsewhere b`,
	} {
		root := tree(t)
		shell(t, root, `ln -s b through; touch -h -d @1700000000 through`)
		job.Root = root
		if same, _ := writeJob(t, job); same.Digest != result.Digest {
			t.Fatal("two equal trees differ")
		}
		shell(t, root, script)
		if changed, _ := writeJob(t, job); changed.Digest == result.Digest {
			t.Errorf("%s does not show", name)
		}
	}
}

// A manifest from what is remembered is the one that reads everything, whatever happened to the tree.
func TestAManifestFromMemoryIsTheOneThatReads(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewSource(seed))
	root, cache := t.TempDir(), filepath.Join(t.TempDir(), "hashes")
	some := func() string { return fmt.Sprintf("%s/f%d", root, random.Intn(12)) }
	acts := []func(){
		func() { os.WriteFile(some(), []byte(fmt.Sprint(random.Intn(9))), 0o600) },
		func() { os.Rename(some(), some()) },
		func() { os.Remove(some()) },
		func() { file := some(); os.Remove(file); os.Link(some(), file) },
		func() { os.Chtimes(some(), time.Time{}, time.Unix(1_700_000_000, 0)) },
		func() { os.Truncate(some(), int64(random.Intn(3))) },
	}
	none := func(string) bool { return false }
	saved, total := int64(0), int64(0)
	for round := 0; round < 60; round++ {
		for i := random.Intn(6); i > 0; i-- {
			acts[random.Intn(len(acts))]()
		}
		time.Sleep(5 * time.Millisecond) // a tick of the file system's clock
		known := hashes.Open(cache, "boot")
		known.Remember(time.Now().Add(2 * time.Second)) // nothing changed within that tick
		remembered, _ := writeJob(t, Job{Root: root, Exclude: none, Content: true, Hashes: known})
		if err := known.Save(); err != nil {
			t.Fatal(err)
		}
		read, text := writeJob(t, Job{Root: root, Exclude: none, Content: true})
		if remembered.Digest != read.Digest {
			t.Fatalf("round %d: %s", round, text)
		}
		saved, total = saved+read.Read-remembered.Read, total+read.Read
	}
	if saved == 0 {
		t.Errorf("%d files were read, and none was remembered", total)
	}
}

func TestOnlyTheLinesOfBucketsThatDifferAreFetched(t *testing.T) {
	one, two := tree(t), tree(t)
	for _, root := range []string{one, two} {
		shell(t, root, `for i in $(seq 300); do echo $i > file-$i; touch -d @1700000000 file-$i; done`)
	}
	shell(t, two, `echo other > file-77; touch -d @1700000000 file-77; rm file-200`)
	file := filepath.Join(t.TempDir(), "manifest")
	sumsOf := func(root string) []byte {
		if _, err := Write(t.Context(), file, file+".sums", []Job{{Root: root, Exclude: exclude, Content: true}}); err != nil {
			t.Fatal(err)
		}
		sums, _ := os.ReadFile(file + ".sums")
		return sums
	}
	left, right := sumsOf(two), sumsOf(one)
	wanted := make([]byte, Buckets/8)
	for at := 0; at < Buckets; at++ {
		if string(left[8*at:8*at+8]) != string(right[8*at:8*at+8]) {
			wanted[at/8] |= 1 << (at % 8)
		}
	}
	count, err := Select(file, file+".lines", wanted, 100)
	lines, _ := os.ReadFile(file + ".lines")
	if err != nil || count < 2 || count > 12 || !strings.Contains(string(lines), "\tfile-77\t") || !strings.Contains(string(lines), "\tfile-200\t") {
		t.Fatalf("%d %v %s", count, err, lines)
	}
	if count, _ = Select(file, file+".lines", wanted, 1); count < 2 {
		t.Error("the limit hides how many there are")
	}
	if lines, _ = os.ReadFile(file + ".lines"); strings.Count(string(lines), "\n") != 1 {
		t.Error("the limit does not hold")
	}
}
