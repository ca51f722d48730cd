package client

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// What an rsync that receives may be told. An option that is not listed is refused: one that names a file to write could
// otherwise reach outside the roots, as every receiver runs as root.
var (
	harmless = regexp.MustCompile(`^--(numeric-ids|delete(-(before|during|delay|after|excluded|missing-args))?|ignore-missing-args|partial|inplace|no-inplace|sparse|no-whole-file|whole-file|append|append-verify|fsync|relative|no-relative|dirs|no-dirs|no-implied-dirs|from0|links|hard-links|acls|xattrs|fake-super|one-file-system|force|ignore-errors|existing|ignore-existing|remove-source-files|log-format=[A-Za-z0-9%]*|out-format=[A-Za-z0-9% ]*|max-delete=\d+|max-size=[0-9A-Za-z.]+|timeout=\d+|bwlimit=[0-9.]+[KMGkmg]?|block-size=\d+|modify-window=-?\d+|compress-choice=[a-z0-9,]+|zc=[a-z0-9,]+|compress-level=\d+|zl=\d+|new-compress|old-compress|compress-threads=\d+|checksum-choice=[a-z0-9,]+|cc=[a-z0-9,]+|checksum-seed=\d+|open-noatime|no-i-r|no-inc-recursive|inc-recursive|i-r|no-r|specials|devices|no-specials|no-devices|super|preallocate|mkpath|trust-sender|backup|suffix=[A-Za-z0-9._~-]*|partial-dir=[^/]+|files-from=-|protect-args|secluded-args|stats|itemize-changes|dry-run|delay-updates|list-only|munge-links|no-munge-links|safe-links|stderr=(all|errors|client)|msgs2stderr|no-msgs2stderr|outbuf=[NLB]|iconv=[A-Za-z0-9_.,-]+|iconv|omit-dir-times|omit-link-times|atimes|crtimes|chmod=[A-Za-z0-9=,+-]+|usermap=[0-9:,*-]+|groupmap=[0-9:,*-]+|copy-devices|fuzzy|info=[A-Za-z0-9,]+|debug=[A-Za-z0-9,]+|stop-after=\d+|time-limit=\d+|chown=[0-9:]+|prune-empty-dirs)$`)
	short    = regexp.MustCompile(`^-([A-Za-z0-9%.]+|@-?\d+)$`)
	inRoots  = regexp.MustCompile(`^--(backup-dir|partial-dir|temp-dir|link-dest|copy-dest|compare-dest)=(/.+)$`)
	valued   = regexp.MustCompile(`^--(backup-dir|partial-dir|temp-dir|link-dest|copy-dest|compare-dest|suffix|max-delete|timeout|compress-choice|compress-level|checksum-choice|only-write-batch|log-file)$`)
	backup   = regexp.MustCompile(`^--backup-dir=([^/].*)$`)
)

// checkReceiver answers where an rsync would write: its destination, and further folders that it was told of.
func checkReceiver(words []string) (destination string, others []string, err error) {
	options := true
	arguments := []string{}
	for i, word := range joined(words[2:]) {
		switch {
		case !options || word == ".":
			options = false
			arguments = append(arguments, word)
		case word == "--sender":
			return "", nil, fmt.Errorf("copies are received here, not given")
		case inRoots.MatchString(word):
			others = append(others, inRoots.FindStringSubmatch(word)[2])
		case backup.MatchString(word):
			// Relative to the destination, which is the last word.
			others = append(others, filepath.Join(words[len(words)-1], backup.FindStringSubmatch(word)[1]))
			if strings.Contains(word, "..") {
				return "", nil, fmt.Errorf("%q leads upwards", word)
			}
		case harmless.MatchString(word) && !strings.Contains(word, ".."):
		case short.MatchString(word) && !strings.HasPrefix(word, "--"):
		default:
			return "", nil, fmt.Errorf("rsync may not be told %q here (word %d)", word, i+3)
		}
	}
	if len(arguments) != 2 || arguments[0] != "." {
		return "", nil, fmt.Errorf("an rsync that receives has one destination, this one has %d words for it", len(arguments))
	}
	return arguments[1], others, nil
}

// joined writes `--option value` as `--option=value`: versions of rsync differ in how they hand over an option's value.
func joined(words []string) []string {
	result := []string{}
	for i := 0; i < len(words); i++ {
		if valued.MatchString(words[i]) && i+1 < len(words) {
			result = append(result, words[i]+"="+words[i+1])
			i++
			continue
		}
		result = append(result, words[i])
	}
	return result
}
