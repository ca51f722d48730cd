package daemon

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"lifeboat/helper/internal/machine"
)

// trouble is what does not work at the moment, told in hello.
type trouble struct {
	mu   sync.Mutex
	what map[string]string
}

// set notes an error under a name, or ends it with nil.
func (t *trouble) set(name string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		delete(t.what, name)
		return
	}
	if t.what == nil {
		t.what = map[string]string{}
	}
	t.what[name] = err.Error()
}

func (t *trouble) list() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := []string{}
	for _, name := range slices.Sorted(maps.Keys(t.what)) {
		list = append(list, name+": "+t.what[name])
	}
	return list
}

func same(a, b machine.Node) bool { return reflect.DeepEqual(a, b) }

func describe(event machine.Event) string {
	return strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", event), "machine."))
}
