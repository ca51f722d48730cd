package client

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"lifeboat/helper/internal/paths"
)

func TestSplitWords(t *testing.T) {
	for text, want := range map[string][]string{
		`hello`:                              {"hello"},
		`void 3`:                             {"void", "3"},
		`  a   b `:                           {"a", "b"},
		`rsync --server . '/srv/my shop/'`:   {"rsync", "--server", ".", "/srv/my shop/"},
		`rsync . /srv/my\ shop/`:             {"rsync", ".", "/srv/my shop/"},
		`a "b \" c" '' d\\`:                  {"a", `b " c`, "", `d\`},
		`--filter='- x' "it's" 'say "so"'`:   {"--filter=- x", "it's", `say "so"`},
		`rsync . $(reboot) ; rm -rf / | x &`: {"rsync", ".", "$(reboot)", ";", "rm", "-rf", "/", "|", "x", "&"},
	} {
		if got, err := splitWords(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{`'open`, `"open`, `end\`, "a\nb", "a\x00b"} {
		if got, err := splitWords(text); err == nil {
			t.Errorf("%q was split into %q", text, got)
		}
	}
}

func FuzzSplitWords(f *testing.F) {
	f.Add(`rsync --server -logDtprXAe.LsfxCIvu . /srv/'a b'/`)
	f.Fuzz(func(t *testing.T, text string) {
		words, err := splitWords(text)
		if err != nil {
			return
		}
		quoted := []string{}
		for _, word := range words {
			quoted = append(quoted, "'"+strings.ReplaceAll(word, "'", `'\''`)+"'")
		}
		again, err := splitWords(strings.Join(quoted, " "))
		if err != nil || !slices.Equal(words, again) {
			t.Fatalf("%q became %q and then %q (%v)", text, words, again, err)
		}
	})
}

func TestCheckReceiver(t *testing.T) {
	for command, want := range map[string]string{
		"rsync --server -logDtprXAe.LsfxCIvu --numeric-ids --delete . /srv/shop/":                                           "/srv/shop/",
		"rsync --server -vlHogDtpAXRe.iLsfxCIvu --delete-missing-args --numeric-ids --inplace --no-whole-file . /srv/shop/": "/srv/shop/",
		"rsync --server -logDtpre.iLsfxCIvu --backup --backup-dir=.lifeboat-deleted/7 --max-delete=100 . /srv/shop/":        "/srv/shop/ /srv/shop/.lifeboat-deleted/7",
		"rsync --server -logDtpre.iLsfxCIvu -@-1 --partial-dir=/srv/shop/.p . /srv/shop/":                                   "/srv/shop/ /srv/shop/.p",
		"rsync --server -nlogDtpre.iLsfxCIvu --fsync --timeout=60 --compress-choice=zstd --compress-level=1 . /srv/a b":     "",
	} {
		words, _ := splitWords(command)
		destination, others, err := checkReceiver(words)
		got := strings.Join(append([]string{destination}, others...), " ")
		if (want == "") != (err != nil) || want != "" && got != want {
			t.Errorf("%s: %q, %v", command, got, err)
		}
	}
}

func TestOtherCommandsAreRefused(t *testing.T) {
	p, _ := paths.For("nothing-here")
	for _, asked := range []string{
		"", "id", "sh -c id", "hello there", "verdict", "verdict x", "verdict -1", "void 0", "overrule", "overrule 0", "overrule x", "release 3", "commit 3",
		"rsync --server --sender -logDtpre.iLsfxCIvu . /srv/shop/", "rsync -a /etc/shadow .", "rsync --daemon",
		"rsync --server -logDtpr --log-file=/etc/cron.d/x . /srv/shop/", "rsync --server -logDtpr --write-devices . /srv/shop/",
		"rsync --server -e.LsfxCIvu --backup-dir=../../etc . /srv/shop/", "rsync --server -lr --temp-dir . /srv/shop/",
		"rsync --server -lr --partial-dir=../x . /srv/shop/", "rsync --server -lr --config=/x . /srv/shop/", "rsync --server -lr /srv/shop/",
	} {
		var out bytes.Buffer
		err := Peer(p, asked, io.NopCloser(strings.NewReader("")), &out)
		// rsync speaks its own protocol on stdout, so there it must be silence.
		told := strings.HasPrefix(asked, "rsync --server") && out.Len() == 0 || strings.Contains(out.String(), `"ok":false`)
		if err == nil || !told {
			t.Errorf("%q was not refused: %s", asked, out.String())
		}
	}
}
