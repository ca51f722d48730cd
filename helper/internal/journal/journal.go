// Package journal keeps what this helper decided and did, for people who ask later. It is bounded, and never read back.
package journal

import (
	"encoding/json"
	"os"
	"sync"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/machine"
)

const limit = 1 << 20 // bytes; one old file is kept beside it

type Journal struct {
	mu   sync.Mutex
	path string
}

func Open(path string) *Journal { return &Journal{path: path} }

// Add writes one decision. The wall clock stands beside the uptime for readers only.
func (j *Journal) Add(event string, before, after machine.Node) {
	j.Note(event, map[string]any{
		"attempt": attemptOf(after), "token": after.Token, "role": after.Role,
		"from": before.Phase(), "to": after.Phase(), "forwarding": after.Forwarding,
	})
}

// Note writes anything else worth knowing.
func (j *Journal) Note(event string, details map[string]any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	line := map[string]any{"at": boot.Date().Format("2006-01-02T15:04:05.000Z"), "upMs": boot.NowMs(), "event": event}
	for key, value := range details {
		line[key] = value
	}
	text, err := json.Marshal(line)
	if err != nil {
		return
	}
	if info, err := os.Stat(j.path); err == nil && info.Size() > limit-int64(len(text)) {
		os.Rename(j.path, j.path+".old")
	}
	f, err := os.OpenFile(j.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	f.Write(append(text, '\n'))
}

func attemptOf(n machine.Node) int64 {
	if n.Attempt == nil {
		return 0
	}
	return n.Attempt.Number
}
