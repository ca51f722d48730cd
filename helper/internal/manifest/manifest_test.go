package manifest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func tree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	command := exec.Command("sh", "-ec", `mkdir -p b/c "a b" cache .lifeboat-deleted; echo one > b/c/one; echo two > "a b/two"; ln -s nowhere link; mkfifo pipe
		printf x > "$(printf 'new\nline')"; echo no > cache/no; echo no > .lifeboat-deleted/no; chmod 640 b/c/one; touch -d @1700000000.123456789 b/c/one "a b/two" pipe *line b/c b "a b"; touch -h -d @1700000000.5 link`)
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	return root
}

func exclude(relative string) bool {
	return strings.HasPrefix(relative, "cache/") || strings.HasPrefix(relative, ".lifeboat-deleted")
}

func write(t *testing.T, root string) (Result, string) {
	t.Helper()
	return writeJob(t, Job{Root: root, Exclude: exclude, Content: true})
}

func writeJob(t *testing.T, job Job) (Result, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest")
	result, err := Write(context.Background(), file, file+".sums", []Job{job})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(file)
	return result, string(text)
}

func TestEqualTreesHaveEqualManifests(t *testing.T) {
	one, first := write(t, tree(t))
	two, second := write(t, tree(t))
	if one != two || first != second {
		t.Fatalf("%+v\n%s\n%+v\n%s", one, first, two, second)
	}
	if one.Entries != 9 || strings.Count(first, "\n") != 9 || one.Bytes != 9 || strings.Contains(first, "cache") || strings.Contains(first, "deleted") {
		t.Fatalf("%+v\n%s", one, first)
	}
}

func TestEveryDifferenceShows(t *testing.T) {
	base, _ := write(t, tree(t))
	for name, script := range map[string]string{
		"content of the same size and time": `printf 'ONE\n' > b/c/one; touch -d @1700000000.123456789 b/c/one`,
		"a nanosecond":                      `touch -d @1700000000.123456788 "a b/two"`,
		"mode":                              `chmod 600 b/c/one`,
		"link target":                       `ln -sfn elsewhere link; touch -h -d @1700000000.5 link`,
		"a name more":                       `touch extra`,
		"a name less":                       `rm pipe`,
		"type":                              `rm pipe; touch -d @1700000000.123456789 pipe`,
	} {
		root := tree(t)
		command := exec.Command("sh", "-ec", script)
		command.Dir = root
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %s", name, out)
		}
		if changed, _ := write(t, root); changed.Digest == base.Digest {
			t.Errorf("%s does not show", name)
		}
	}
}

func TestOneFileWithTwoNamesIsNotTwoFiles(t *testing.T) {
	one, two := tree(t), tree(t)
	shell(t, one, `cp -p b/c/one b/one; touch -d @1700000000.123456789 b`)
	shell(t, two, `ln b/c/one b/one; touch -d @1700000000.123456789 b`)
	left, _ := write(t, one)
	right, text := write(t, two)
	if left.Digest == right.Digest || right.Read != left.Read-1 {
		t.Fatalf("%+v\n%+v\n%s", left, right, text)
	}
}

func TestAFileThatChangesWhileItIsReadIsNotTheSame(t *testing.T) {
	root := tree(t)
	path := filepath.Join(root, "b/c/one")
	var was unix.Stat_t
	if err := unix.Lstat(path, &was); err != nil {
		t.Fatal(err)
	}
	if _, same, err := contentOf(t.Context(), path, &was); !same || err != nil {
		t.Fatal(same, err)
	}
	shell(t, root, `touch -d @1 b/c/one`)
	if _, same, err := contentOf(t.Context(), path, &was); same || err != nil {
		t.Error(same, err)
	}
	shell(t, root, `mv b/c/one away; mkfifo b/c/one`)
	if _, _, err := contentOf(t.Context(), path, &was); !gone(err) {
		t.Error(err)
	}
}
