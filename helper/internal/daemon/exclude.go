package daemon

import (
	"path"
	"strings"

	"lifeboat/helper/internal/machine"
)

// aside is where a sync keeps what it deleted, and where the recorder's sentinel lies. No sync and no manifest sees it.
const aside = ".lifeboat-deleted"

// excluded reads the patterns as rsync does: a pattern with a slash inside or in front counts from the root, one without
// counts at every depth, one that ends with a slash means a folder and all below it.
func excluded(c *machine.Config, root, relative string) bool {
	for _, r := range c.Roots {
		if r.Path == root {
			return excludedBy(r.Exclude, relative)
		}
	}
	return false
}

func excludedBy(patterns []string, relative string) bool {
	parts := strings.Split(relative, "/")
	if parts[0] == aside {
		return true
	}
	for _, pattern := range patterns {
		folder := strings.HasSuffix(pattern, "/")
		trimmed := strings.TrimSuffix(pattern, "/")
		anchored := strings.Contains(trimmed, "/")
		trimmed = strings.TrimPrefix(trimmed, "/")
		for i := range parts {
			last := i == len(parts)-1
			if folder && last {
				continue // the name itself may be a file of that name
			}
			subject := parts[i]
			if anchored {
				subject = strings.Join(parts[:i+1], "/")
			}
			if ok, err := path.Match(trimmed, subject); err == nil && ok {
				return true
			}
		}
	}
	return false
}
