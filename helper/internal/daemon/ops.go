package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"lifeboat/helper/internal/machine"
)

type answer map[string]any

// request is one line of a channel. Each operation reads its own fields from raw.
type request struct {
	ID      json.RawMessage `json:"id"`
	Op      string          `json:"op"`
	Token   int64           `json:"token"`
	Attempt int64           `json:"attempt"`
	raw     []byte
}

func (d *Daemon) call(r request) machine.Call {
	return machine.Call{Token: r.Token, Attempt: r.Attempt, BootID: d.bootID}
}

func (r request) read(into any) error {
	if err := json.Unmarshal(r.raw, into); err != nil {
		return &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("%s: %v", r.Op, err)}
	}
	return nil
}

type operation struct {
	free bool // needs no token: it only tells, or checks its own
	run  func(*Daemon, context.Context, request) (answer, error)
}

// operations is the whole of docs/helper-protocol.md, Ops.
var operations map[string]operation

func init() {
	operations = map[string]operation{
		"hello":            {true, (*Daemon).hello},
		"claim":            {true, (*Daemon).claim},
		"verdict":          {true, (*Daemon).verdict},
		"holder":           {true, (*Daemon).holderCounts},
		"forward-status":   {true, (*Daemon).forwardStatus},
		"peer":             {true, (*Daemon).askHello},
		"peer-port":        {true, (*Daemon).peerPort},
		"configure":        {false, (*Daemon).configure},
		"authorize":        {false, (*Daemon).authorize},
		"echo":             {false, (*Daemon).greet},
		"open-attempt":     {false, (*Daemon).openAttempt},
		"renew":            {false, (*Daemon).renew},
		"hold":             {false, (*Daemon).hold},
		"freeze":           {false, (*Daemon).freeze},
		"quiet":            {false, (*Daemon).quiet},
		"seal":             {false, (*Daemon).seal},
		"promote":          {false, (*Daemon).promote},
		"demote":           {false, (*Daemon).demote},
		"commit":           {false, (*Daemon).commit},
		"release":          {false, (*Daemon).release},
		"unhold":           {false, (*Daemon).unhold},
		"thaw":             {false, (*Daemon).thaw},
		"unseal":           {false, (*Daemon).unseal},
		"close-attempt":    {false, (*Daemon).closeAttempt},
		"forward":          {false, (*Daemon).forward},
		"stop-forward":     {false, (*Daemon).stopForwarding},
		"fence":            {false, (*Daemon).fence},
		"unfence":          {false, (*Daemon).unfence},
		"closings":         {false, (*Daemon).keepClosings},
		"fence-status":     {true, (*Daemon).fenceStatus},
		"start-singletons": {false, (*Daemon).startSingletons},
		"stop-singletons":  {false, (*Daemon).stopSingletons},
		"manifest":         {false, (*Daemon).manifest},
		"manifest-lines":   {false, (*Daemon).manifestLines},
		"tombstone":        {false, (*Daemon).tombstone},
		"remove":           {false, (*Daemon).remove},
		"record-start":     {false, (*Daemon).recordStart},
		"record-status":    {true, (*Daemon).recordStatus},
		"record-drain":     {false, (*Daemon).recordDrain},
		"record-names":     {false, (*Daemon).recordNames},
		"record-stop":      {false, (*Daemon).recordStop},
		"read-list":        {false, (*Daemon).readList},
		"check-roots":      {false, (*Daemon).checkRoots},
		"end-copies":       {false, (*Daemon).endCopies},
		"flush-roots":      {false, (*Daemon).flushRoots},
		"put-aside":        {false, (*Daemon).putAside},
		"probe":            {false, (*Daemon).probe},
		"warm":             {false, (*Daemon).warm},
		"shards":           {false, (*Daemon).shards},
		"begin-first":      {false, (*Daemon).beginFirst},
		"end-first":        {false, (*Daemon).endFirst},
		"act":              {false, (*Daemon).act},
		"rehearse":         {false, (*Daemon).rehearse},
		"rehearse-run":     {false, (*Daemon).rehearseRun},
		"end-rehearsal":    {false, (*Daemon).rehearsed},
	}
}

// perform answers one request of a controller.
func (d *Daemon) perform(ctx context.Context, r request) answer {
	result, err := d.dispatch(ctx, r)
	if err != nil {
		result = failure(err, result)
	} else {
		if result == nil {
			result = answer{}
		}
		result["ok"] = true
	}
	if r.ID != nil {
		result["id"] = r.ID
	}
	return result
}

func (d *Daemon) dispatch(ctx context.Context, r request) (answer, error) {
	op, known := operations[r.Op]
	if !known {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("there is no operation %q", r.Op)}
	}
	if !op.free {
		n := d.now()
		if refusal := n.Authorize(r.Token); refusal != nil && !(r.Op == "tombstone" && n.Tombstone) {
			return nil, refusal
		}
	}
	return op.run(d, ctx, r)
}

// failure keeps what an operation had to tell in details.
func failure(err error, told answer) answer {
	code, details := machine.NodeFailed, map[string]any{}
	for key, value := range told {
		details[key] = value
	}
	var refusal *machine.Refusal
	if errors.As(err, &refusal) {
		code = refusal.Code
		for key, value := range refusal.Details {
			details[key] = value
		}
	}
	return answer{"ok": false, "code": code, "text": err.Error(), "details": details}
}
