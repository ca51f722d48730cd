package manifest

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// Two sides that give their accounts different numbers, one of which has a folder that was written to later.
func TestSidesWithOtherNumbersForTheSameNamesAreEqual(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root gives files away")
	}
	sides := [2]string{tree(t), tree(t)}
	for i, owner := range []string{"1001:2001", "1005:2005"} {
		if out, err := exec.Command("chown", "-Rh", owner, sides[i]).CombinedOutput(); err != nil {
			t.Fatalf("%s", out)
		}
	}
	later := time.Now()
	os.Chtimes(sides[1]+"/b", later, later)
	digest := func(side string, owners Owners, timeless bool) string {
		result, _ := writeJob(t, Job{Root: side, Exclude: exclude, Owners: owners, TimelessFolders: timeless})
		return result.Digest
	}
	mapped := Owners{Users: map[uint32]uint32{1001: 1005}, Groups: map[uint32]uint32{2001: 2005}}
	wanted := digest(sides[1], Owners{}, true)
	if digest(sides[0], mapped, true) != wanted {
		t.Error("the same names differ")
	}
	if digest(sides[0], Owners{Users: mapped.Users}, true) == wanted {
		t.Error("another group is not seen")
	}
	if digest(sides[0], mapped, false) == digest(sides[1], Owners{}, false) {
		t.Error("the time of a folder is not seen where it counts")
	}
}
