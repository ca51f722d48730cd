package daemon

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"lifeboat/helper/internal/paths"
)

func TestAListIsReadInPartsAndNoOtherFileIs(t *testing.T) {
	d := &Daemon{paths: paths.Paths{Move: "web-1", Root: t.TempDir()}}
	record := d.paths.Record()
	if err := os.MkdirAll(record, 0o700); err != nil {
		t.Fatal(err)
	}
	wanted := bytes.Repeat([]byte("a name\x00"), listBytes/3)
	for _, file := range []string{record + "/names-0", d.paths.State()} {
		if err := os.WriteFile(file, wanted, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(file string, offset int) (part []byte, more bool, err error) {
		raw, _ := json.Marshal(map[string]any{"op": "read-list", "file": file, "offset": offset})
		told, err := d.readList(t.Context(), request{raw: raw})
		if err != nil {
			return nil, false, err
		}
		return told["content"].([]byte), told["more"].(bool), nil
	}
	got := []byte{}
	for more := true; more; {
		var part []byte
		var err error
		if part, more, err = read(record+"/names-0", len(got)); err != nil {
			t.Fatal(err)
		}
		got = append(got, part...)
	}
	if !bytes.Equal(got, wanted) {
		t.Fatalf("%d bytes, not %d", len(got), len(wanted))
	}
	for _, file := range []string{d.paths.State(), record + "/../state.json", "/etc/hostname", "names-0"} {
		if _, _, err := read(file, 0); err == nil {
			t.Errorf("%s is given away", file)
		}
	}
}
