package client

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"lifeboat/helper/internal/paths"
	"lifeboat/helper/internal/peerlink"

	"golang.org/x/sys/unix"
)

// questions are those about an attempt, each with what the daemon knows it as.
var questions = map[string]string{"verdict": "verdict", "void": "peer-void", "overrule": "peer-overrule", "succeed": "peer-succeed"}

// Peer is the forced command of the other side's key: a few questions, receiving copies, and the ways that databases follow.
func Peer(p paths.Paths, asked string, input io.ReadCloser, output io.Writer) error {
	words, err := splitWords(asked)
	if err != nil {
		return refuse(output, err.Error())
	}
	question := map[string]any{}
	switch {
	case len(words) == 1 && words[0] == "hello":
		question["op"] = "hello"
	case len(words) == 1 && words[0] == "probe":
		return peerlink.AnswerProbe(input, output)
	case len(words) == 2 && questions[words[0]] != "":
		attempt, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil || attempt < 1 {
			return refuse(output, fmt.Sprintf("%q is no attempt", words[1]))
		}
		question["op"], question["attempt"] = questions[words[0]], attempt
	case len(words) == 2 && words[0] == "way":
		return lead(p, words[1], input, output)
	case len(words) > 2 && words[0] == "rsync" && words[1] == "--server":
		return receive(p, words)
	default:
		return refuse(output, fmt.Sprintf("%.100q may not be asked here", asked))
	}
	answer, err := Ask(p, question)
	if err != nil {
		return refuse(output, err.Error())
	}
	return json.NewEncoder(output).Encode(answer)
}

// receive runs rsync, once the daemon has let this session in; each process of rsync is told of before it writes. What
// the daemon refuses goes to stderr alone: stdout speaks rsync's protocol. Answers how rsync ended.
func receive(p paths.Paths, words []string) error {
	destination, paths, err := checkReceiver(words)
	if err != nil {
		return err
	}
	unix.Setsid() // fails where sshd has made a session for this command already
	program, err := exec.LookPath("rsync")
	if err != nil {
		return fmt.Errorf("there is no rsync on this node")
	}
	for _, place := range append(paths, destination) {
		if err := askPeer(p, map[string]any{"op": "peer-receive", "pid": os.Getpid(), "destination": place}); err != nil {
			return err
		}
	}
	return runAnnounced(program, words, func(pid int) { askPeer(p, map[string]any{"op": "peer-writes", "pid": pid}) })
}

func askPeer(p paths.Paths, question map[string]any) error {
	answer, err := Ask(p, question)
	if err == nil && answer["ok"] != true {
		err = fmt.Errorf("%v", answer["text"])
	}
	return err
}

// refuse answers a question in JSON.
func refuse(output io.Writer, text string) error {
	json.NewEncoder(output).Encode(map[string]any{"ok": false, "code": "gate-closed", "text": text})
	return fmt.Errorf("%s", text)
}

// splitWords undoes the quoting of rsync and ssh. Nothing here is ever given to a shell.
func splitWords(text string) ([]string, error) {
	words, word, inWord, quote := []string{}, strings.Builder{}, false, byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == 0 || c == '\n':
			return nil, fmt.Errorf("a command is one line")
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'':
			if i++; i == len(text) {
				return nil, fmt.Errorf("the command ends in a backslash")
			}
			word.WriteByte(text[i])
			inWord = true
		case quote != 0:
			word.WriteByte(c)
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == ' ' || c == '\t':
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote is not closed")
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
