package peerlink

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/paths"
)

var publicKey = regexp.MustCompile(`^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+( [ -~]*)?$`)

const authorizedKeys = "/root/.ssh/authorized_keys"

// Authorize lets the other side's run key in for the peer verb alone. An empty key takes the permission away.
func Authorize(p paths.Paths, key string) error {
	if key != "" && !publicKey.MatchString(key) {
		return fmt.Errorf("that is not a public key of OpenSSH")
	}
	old, err := os.ReadFile(authorizedKeys)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	kept := []string{}
	for _, line := range strings.Split(strings.TrimRight(string(old), "\n"), "\n") {
		if line != "" && !strings.HasSuffix(line, " "+p.KeyComment()) {
			kept = append(kept, line)
		}
	}
	if key != "" {
		fields := strings.Fields(key)
		kept = append(kept, fmt.Sprintf(`command="%s peer --move %s",restrict %s %s %s`, p.Program(), p.Move, fields[0], fields[1], p.KeyComment()))
	}
	wanted := strings.Join(kept, "\n")
	if wanted != "" {
		wanted += "\n"
	}
	if wanted == string(old) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(authorizedKeys), 0o700); err != nil {
		return err
	}
	return durable.Write(authorizedKeys, []byte(wanted), 0o600)
}

// HostKeys are the public keys that this machine's sshd shows.
func HostKeys() []string {
	files, _ := filepath.Glob("/etc/ssh/ssh_host_*_key.pub")
	keys := []string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if fields := strings.Fields(string(content)); err == nil && len(fields) >= 2 {
			keys = append(keys, fields[0]+" "+fields[1])
		}
	}
	return keys
}
